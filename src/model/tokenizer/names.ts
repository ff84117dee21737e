/**
 * What a tokenizer calls its special tokens. The names are the checkpoint's own (tokenizer_config.json, else
 * special_tokens_map.json), as transformers reads them: chat templates are rendered with them.
 */

import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { isRecord } from '../config-reader.ts';
import { readJsonIfThere } from '../files/json.ts';

/** Names of the tokens that have a part of their own. */
export interface TokenNames {
  bos: string;
  eos: string;
  pad: string;
  unk: string;
  /** Further tokens that the checkpoint declares special, whatever tokenizer.json says of them. */
  others: readonly string[];
}

/** Gemma's names, for checkpoints that say nothing. */
export const GEMMA_NAMES: TokenNames = {
  bos: '<bos>',
  eos: '<eos>',
  pad: '<pad>',
  unk: '<unk>',
  others: [],
};

const FILES = ['tokenizer_config.json', 'special_tokens_map.json'];
/** Lists of special tokens, by the names of transformers 4 and 5. */
const LISTS = ['additional_special_tokens', 'extra_special_tokens'];

/**
 * The names in a checkpoint's folder; Gemma's for those that it does not give.
 * @throws UserError when a file is damaged, or a name is not text
 */
export async function readTokenNames(directory: string): Promise<TokenNames> {
  const files: { file: string; json: Record<string, unknown> }[] = [];
  for (const name of FILES) {
    const file = join(directory, name);
    const json = await readJsonIfThere(file);
    if (json === undefined) continue;
    if (!isRecord(json)) throw new UserError({ file, message: 'must hold a JSON object.' });
    files.push({ file, json });
  }
  const named = (key: string, fallback: string): string => {
    for (const { file, json } of files) {
      const content = contentOf(json[key], file, key);
      if (content !== undefined) return content;
    }
    return fallback;
  };
  return {
    bos: named('bos_token', GEMMA_NAMES.bos),
    eos: named('eos_token', GEMMA_NAMES.eos),
    pad: named('pad_token', GEMMA_NAMES.pad),
    unk: named('unk_token', GEMMA_NAMES.unk),
    others: files.flatMap(({ file, json }) => LISTS.flatMap((key) => listOf(json[key], file, key))),
  };
}

/** A token is written as its text or as an object with its `content`. */
function contentOf(value: unknown, file: string, key: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  const content = isRecord(value) ? value.content : value;
  if (typeof content === 'string' && content !== '') return content;
  throw new UserError({
    file,
    message: `"${key}" must be the text of a token, found ${JSON.stringify(value)}.`,
  });
}

/** transformers 5 may name the tokens of a list: `{"boi_token": "<start_of_image>"}`. */
function listOf(value: unknown, file: string, key: string): string[] {
  if (value === undefined || value === null) return [];
  const items = Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : undefined;
  if (items === undefined) throw new UserError({ file, message: `"${key}" must be a list of tokens.` });
  return items.flatMap((item) => contentOf(item, file, key) ?? []);
}
