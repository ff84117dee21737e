/** A SentencePiece vocabulary as tokenizer.model and GGUF keep it: pieces with scores and kinds, no merges. */

/** The codes of sentencepiece_model.proto, which GGUF took over. */
export const PieceKind = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export interface Pieces {
  /** Index is the id; spaces are `▁`. */
  texts: readonly string[];
  /** Higher is merged earlier. */
  scores: ArrayLike<number>;
  kinds: ArrayLike<number>;
}

/**
 * Tokens that steer the model and that a text must not be able to spell; the special ones of Gemma's tokenizer.json. These
 * files do not tell them from `<unused0>`, which a text may spell.
 */
const SPECIAL = new Set([
  '<pad>',
  '<eos>',
  '<bos>',
  '<unk>',
  '<start_of_turn>',
  '<end_of_turn>',
  '<start_of_image>',
  '<end_of_image>',
  '<image_soft_token>',
]);

/** Ids of the special tokens by content. */
export function specialPieces({ texts }: Pieces): Map<string, number> {
  const found = new Map<string, number>();
  for (const [id, text] of texts.entries()) if (SPECIAL.has(text)) found.set(text, id);
  return found;
}

/** Ids of the pieces that are found in a text before any merging: newline runs, HTML tags, `<unused0>`. */
export function wholePieces({ texts, kinds }: Pieces): Map<string, number> {
  const found = new Map<string, number>();
  for (const [id, text] of texts.entries()) {
    const whole = kinds[id] === PieceKind.userDefined || kinds[id] === PieceKind.control;
    if (whole && !SPECIAL.has(text) && text !== '') found.set(text, id);
  }
  return found;
}

/** `<0x0A>` -> 10. */
export function byteOfPiece(text: string): number | undefined {
  return /^<0x[0-9A-F]{2}>$/.test(text) ? Number.parseInt(text.slice(3, 5), 16) : undefined;
}
