/** Are translations nearer to each other than other sentences are? */
import type { Matrix } from './matrix.ts';

/** Mean cosines. */
export interface CosineGap {
  pairs: number;
  others: number;
  /** pairs - others. */
  gap: number;
}

/** @param cosines of row i with column j; (i, i) are translations. @throws Error for a single sentence */
export function cosineGap({ rows: S, values }: Matrix): CosineGap {
  if (S < 2) throw new Error('one sentence has no others to compare with');
  let [own, all] = [0, 0];
  for (let i = 0; i < S; i++) own += values[i * S + i]!;
  for (const value of values) all += value;
  const pairs = own / S;
  const others = (all - own) / (S * (S - 1));
  return { pairs, others, gap: pairs - others };
}
