/** MEXA (Kargaran et al. 2024): how well a language is aligned with English in a layer. */
import type { Matrix } from './matrix.ts';

/**
 * The share of sentences whose cosine with their translation is larger than that of either of the two with any other
 * sentence (compute_mexa.py: strictly, in row and column at once).
 *
 * @param cosines of English sentence i with sentence j of the other language. MEXA's own vectors are means weighted by
 *   position, <bos> included, of the first 100 sentences of FLORES-200's devtest.
 */
export function mexa({ rows: S, values }: Matrix): number {
  let aligned = 0;
  for (let i = 0; i < S; i++) {
    const own = values[i * S + i]!;
    let isFirst = true;
    for (let j = 0; isFirst && j < S; j++)
      isFirst = j === i || (own > values[i * S + j]! && own > values[j * S + i]!);
    if (isFirst) aligned++;
  }
  return aligned / S;
}
