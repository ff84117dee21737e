/** Vocabulary from tokenizer.json, cut by Hugging Face's own JavaScript tokenizers. */

import { Tokenizer as JsonTokenizer } from '@huggingface/tokenizers';
import { UserError } from '../../errors.ts';
import { isRecord } from '../config-reader.ts';
import type { Vocabulary } from './tokenizer.ts';

/** Far above any vocabulary; keeps a damaged file from asking for a table of billions. */
const LARGEST_ID = 2 ** 24;

interface AddedToken {
  id: number;
  content: string;
  special: boolean;
}

/**
 * Builds the vocabulary of a parsed tokenizer.json.
 * @throws UserError when it does not describe a BPE tokenizer
 */
export function vocabularyOfJson(json: unknown, file: string): Vocabulary {
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
  const specials = new Map(added.filter((token) => token.special).map(({ content, id }) => [content, id]));
  // Without the special ones the splitter leaves them as text; the wrapper around this makes tokens of them where asked.
  const ordinary = { ...json, added_tokens: added.filter((token) => !token.special), post_processor: null };
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
    specials,
  };
}

function isAddedToken(value: unknown): value is AddedToken {
  return (
    isRecord(value) &&
    Number.isSafeInteger(value.id) &&
    typeof value.content === 'string' &&
    value.content !== ''
  );
}
