/** Where in a text its tokens stand: no tokenizer at hand says so, but their spellings add up to the text. */

import { byteOfPiece } from './pieces.ts';

/** A stretch of text, in UTF-16 units. */
export interface Range {
  start: number;
  end: number;
}

/**
 * Ranges of tokens that cover a text one after the other. In a token's spelling `▁` stands for a space (or for itself);
 * the bytes of a character that is spelled in bytes all have that character's range, as in Hugging Face's tokenizers.
 *
 * @returns undefined where the spellings do not add up, as with an unknown token
 */
export function tokenRanges(text: string, spellings: readonly string[]): Range[] | undefined {
  const ranges: Range[] = [];
  const encoder = new TextEncoder();
  let at = 0;
  for (let i = 0; i < spellings.length; ) {
    const spelling = spellings[i]!;
    const letter = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const bytes = encoder.encode(letter);
    const spelled = bytes.every((byte, k) => byteOfPiece(spellings[i + k] ?? '') === byte);
    if (spelled && at < text.length) {
      for (let k = 0; k < bytes.length; k++) ranges.push({ start: at, end: at + letter.length });
      i += bytes.length;
      at += letter.length;
      continue;
    }
    if (!spells(spelling, text, at)) return undefined;
    ranges.push({ start: at, end: at + spelling.length });
    at += spelling.length;
    i++;
  }
  return at === text.length ? ranges : undefined;
}

function spells(spelling: string, text: string, at: number): boolean {
  if (spelling === '' || at + spelling.length > text.length) return false;
  for (let k = 0; k < spelling.length; k++) {
    const [unit, found] = [spelling[k]!, text[at + k]!];
    if (unit !== found && !(unit === '▁' && found === ' ')) return false;
  }
  return true;
}
