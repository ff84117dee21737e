/** Finds and opens the tokenizer of a checkpoint. */

import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../errors.ts';
import { ifThere } from '../../if-there.ts';
import { decodeText } from '../../text.ts';
import { isRecord } from '../config-reader.ts';
import { isGguf } from '../files/gguf.ts';
import { readJson, readJsonIfThere } from '../files/json.ts';
import { readGgufVocabulary } from './gguf.ts';
import { readTokenNames, type TokenNames } from './names.ts';
import type { Pieces } from './pieces.ts';
import { jsonOfPieces } from './pieces-json.ts';
import { vocabularyOfPieces } from './sentencepiece.ts';
import { createTokenizer, type Tokenizer } from './tokenizer.ts';
import { vocabularyOfJson } from './tokenizer-json.ts';
import { openTokenizerModel } from './tokenizer-model.ts';

/** Files of a tokenizer: fetched with a model, and copied into a written checkpoint, when they are there. */
export const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  // Where processors kept the template before transformers 4.51.
  'chat_template.json',
  // Of transformers' slow tokenizers.
  'vocab.json',
  'merges.txt',
];

/** The tokenizer that ships with the project, for the `tiny` preset and for tests. */
export const TINY_TOKENIZER = new URL('../../../data/tiny/', import.meta.url);

export interface LoadTokenizerOptions {
  /** A directory or file to take instead, for checkpoints that were saved without one. */
  tokenizer?: string;
}

/**
 * Opens the tokenizer of a model: a directory with `tokenizer.json` or `tokenizer.model`, such a file itself,
 * or a `.gguf` file.
 * @throws UserError when there is none, saying where one could come from
 */
export async function loadTokenizer(model: string, options: LoadTokenizerOptions = {}): Promise<Tokenizer> {
  const path = options.tokenizer ?? model;
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) {
    throw new UserError({
      file: path,
      message: 'there is no such file or directory to load a tokenizer from.',
    });
  }
  if (isGguf(path)) {
    const { pieces, names, chatTemplate } = await readGgufVocabulary(path);
    const files = async () => writtenFiles(pieces, names, chatTemplate);
    return createTokenizer({ vocabulary: vocabularyOfPieces(pieces), names, path, chatTemplate, files });
  }
  const directory = info.isDirectory() ? path : dirname(path);
  const file = info.isDirectory() ? await findIn(path) : path;
  const names = await readTokenNames(directory);
  if (file.endsWith('.model')) {
    const { pieces, vocabulary } = await openTokenizerModel(file);
    const chatTemplate = await findChatTemplate(directory);
    const files = async () => {
      const written = writtenFiles(pieces, names, chatTemplate);
      // The pieces of another file are not this tokenizer's, even if they lie beside it.
      const beside = [...(await carriedFiles(directory, file))].filter(([name]) => name !== 'tokenizer.json');
      return new Map([...written, ...beside, ['tokenizer.model', new Uint8Array(await readFile(file))]]);
    };
    return createTokenizer({ vocabulary, names, path: file, chatTemplate, files });
  }
  const vocabulary = vocabularyOfJson(await readJson(file), file, names);
  const chatTemplate = await findChatTemplate(directory);
  return createTokenizer({
    vocabulary,
    names,
    path: file,
    chatTemplate,
    files: () => carriedFiles(directory, file),
  });
}

async function findIn(directory: string): Promise<string> {
  for (const name of ['tokenizer.json', 'tokenizer.model']) {
    const file = join(directory, name);
    if ((await ifThere(file, stat(file))) !== undefined) return file;
  }
  throw new UserError({
    file: directory,
    message:
      'has no tokenizer.json. Copy the tokenizer files of the original model into it, ' +
      'or name a directory that has them as the tokenizer.',
  });
}

/** tokenizer.json and its config, made of pieces: what a checkpoint is written with when none came with the model. */
function writtenFiles(pieces: Pieces, names: TokenNames, chatTemplate?: string): Map<string, Uint8Array> {
  const { tokenizer, config } = jsonOfPieces(pieces, names, chatTemplate);
  const bytes = (json: unknown, indent?: number) => Buffer.from(`${JSON.stringify(json, null, indent)}\n`);
  return new Map([
    ['tokenizer.json', bytes(tokenizer)],
    ['tokenizer_config.json', bytes(config, 2)],
  ]);
}

/** `chat_template.jinja`, else the (first) template in tokenizer_config.json. */
async function findChatTemplate(directory: string): Promise<string | undefined> {
  const jinja = join(directory, 'chat_template.jinja');
  const alone = await ifThere(jinja, readFile(jinja));
  if (alone !== undefined) return decodeText(alone, jinja);
  const config = await readJsonIfThere(join(directory, 'tokenizer_config.json'));
  const template = isRecord(config) ? config.chat_template : undefined;
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return undefined;
  const named = template.filter(isRecord);
  const chosen = named.find((entry) => entry.name === 'default') ?? named[0];
  return typeof chosen?.template === 'string' ? chosen.template : undefined;
}

async function carriedFiles(directory: string, file: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of TOKENIZER_FILES) {
    const path = name === 'tokenizer.json' && basename(file).endsWith('.json') ? file : join(directory, name);
    const bytes = await ifThere(path, readFile(path));
    if (bytes !== undefined) files.set(name, bytes);
  }
  return files;
}
