/** Vocabulary from tokenizer.json, cut by Hugging Face's own JavaScript tokenizers. */

import { Tokenizer as JsonTokenizer } from '@huggingface/tokenizers';
import { UserError } from '../../errors.ts';
import { isRecord } from '../config-reader.ts';
import type { TokenNames } from './names.ts';
import type { AddedToken } from './special-tokens.ts';
import type { Vocabulary } from './tokenizer.ts';

/** Far above any vocabulary; keeps a damaged file from asking for a table of billions. */
const LARGEST_ID = 2 ** 24;

/** As tokenizer.json lists them. */
interface Listed extends AddedToken {
  content: string;
}

/**
 * Builds the vocabulary of a parsed tokenizer.json.
 * @param names of the checkpoint: special, whatever tokenizer.json says of them
 * @throws UserError when it does not describe a BPE tokenizer
 */
export function vocabularyOfJson(json: unknown, file: string, names: TokenNames): Vocabulary {
  const model = isRecord(json) ? json.model : undefined;
  const added = isRecord(json) ? (json.added_tokens ?? []) : [];
  if (!isRecord(json) || !isRecord(model) || !isRecord(model.vocab) || !Array.isArray(model.merges)) {
    throw new UserError({
      file,
      message: 'is not a BPE tokenizer.json: "model" must have "vocab" and "merges".',
    });
  }
  if (!Array.isArray(added) || !added.every(isAddedToken)) {
    throw new UserError({ file, message: '"added_tokens" must list tokens with "id" and "content".' });
  }
  const isId = (id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < LARGEST_ID;
  if (!Object.values(model.vocab).every(isId) || !added.every((token) => isId(token.id))) {
    throw new UserError({ file, message: `has token ids that are not whole numbers below ${LARGEST_ID}.` });
  }
  const named = new Set([names.bos, names.eos, names.pad, names.unk, ...names.others]);
  const isSpecial = ({ content, special }: Listed) => special || named.has(content);
  // Without the special ones the splitter leaves them as text; the wrapper around this makes tokens of them where asked.
  const ordinary = {
    ...json,
    added_tokens: added.filter((token) => !isSpecial(token)),
    post_processor: null,
  };
  let inner: JsonTokenizer;
  try {
    inner = new JsonTokenizer(ordinary, { clean_up_tokenization_spaces: false });
  } catch (error) {
    throw new UserError({ file, message: `cannot be used as a tokenizer: ${(error as Error).message}.` });
  }
  const vocab = new Map(Object.entries(model.vocab as Record<string, number>));
  for (const { content, id } of added) vocab.set(content, id);
  const tokens: string[] = [];
  for (const [token, id] of vocab) tokens[id] = token;
  return {
    encodeText: (text) => inner.encode(text, { add_special_tokens: false }).ids,
    decodeText: (ids) => inner.decode([...ids], { skip_special_tokens: false }),
    tokenToId: (token) => vocab.get(token),
    idToToken: (id) => tokens[id],
    size: tokens.length,
    added: new Map(added.map((token) => [token.content, { ...token, special: isSpecial(token) }])),
  };
}

function isAddedToken(value: unknown): value is Listed {
  return (
    isRecord(value) &&
    Number.isSafeInteger(value.id) &&
    typeof value.content === 'string' &&
    value.content !== ''
  );
}
