/** The vocabulary inside a GGUF file. */

import { UserError } from '../../errors.ts';
import { openGguf } from '../files/gguf.ts';
import type { GgufValue } from '../files/gguf-header.ts';
import { GEMMA_NAMES, type TokenNames } from './names.ts';
import { PieceKind, type Pieces } from './pieces.ts';

export interface GgufVocabulary {
  pieces: Pieces;
  /** By the ids that the file names. */
  names: TokenNames;
  chatTemplate?: string;
}

/**
 * Reads the SentencePiece vocabulary and the chat template of a GGUF file.
 * @throws UserError when there is none, or its lists do not fit together
 */
export async function readGgufVocabulary(path: string): Promise<GgufVocabulary> {
  const file = await openGguf(path);
  await file.close();
  const { values } = file;
  const refuse = (message: string): never => {
    throw new UserError({ file: path, message });
  };
  const kind = values.get('tokenizer.ggml.model');
  if (kind !== 'llama')
    refuse(
      `"tokenizer.ggml.model" is ${JSON.stringify(kind ?? 'missing')}; Gemma 3 has "llama" (SentencePiece).`,
    );
  const tokens = values.get('tokenizer.ggml.tokens');
  const scores = values.get('tokenizer.ggml.scores');
  const kinds = values.get('tokenizer.ggml.token_type');
  if (!isTexts(tokens)) return refuse('"tokenizer.ggml.tokens" is missing or not a list of texts.');
  if (!isNumbers(scores, tokens.length))
    return refuse('"tokenizer.ggml.scores" must give a number for each token.');
  if (!isNumbers(kinds, tokens.length))
    return refuse('"tokenizer.ggml.token_type" must give a number for each token.');
  // Converters write user-defined runs of spaces plainly; the vocabulary spells a space as ▁.
  const texts = tokens.map((text, id) =>
    kinds[id] === PieceKind.userDefined ? text.replaceAll(' ', '▁') : text,
  );
  const named = (key: string, fallback: string): string => {
    const id = values.get(`tokenizer.ggml.${key}_token_id`);
    if (id === undefined) return fallback;
    return typeof id === 'number' && texts[id] !== undefined
      ? texts[id]
      : refuse(`"tokenizer.ggml.${key}_token_id" is ${String(id)}, which is no token.`);
  };
  const names = {
    bos: named('bos', GEMMA_NAMES.bos),
    eos: named('eos', GEMMA_NAMES.eos),
    pad: named('padding', GEMMA_NAMES.pad),
    unk: named('unknown', GEMMA_NAMES.unk),
    others: [],
  };
  const template = values.get('tokenizer.chat_template');
  return {
    pieces: { texts, scores, kinds },
    names,
    chatTemplate: typeof template === 'string' ? template : undefined,
  };
}

function isTexts(value: GgufValue | undefined): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isNumbers(value: GgufValue | undefined, length: number): value is ArrayLike<number> {
  return ArrayBuffer.isView(value) && (value as unknown as ArrayLike<number>).length === length;
}
