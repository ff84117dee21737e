/**
 * Would other pairs have given the same direction? A vector is a mean of differences, so the means of two halves of them say.
 *
 * Shape letters: N pairs, D model.
 */
import { permutation } from '../data/order.ts';
import { percentile95 } from '../quantile.ts';
import { cosineOf } from './perpendicularity.ts';

/** Differences of the pairs of one language in one block: rows of equal length, end to end. */
export interface Differences {
  rows: number;
  columns: number;
  values_ND: ArrayLike<number>;
}

/** Agreement of halves. */
export interface SplitHalf {
  /** Mean over splits of the cosine between the means of two halves. */
  cosine: number;
  /** What 95 % of the splits lie within: how much it depends on the split, not a confidence interval of the cosine. */
  band95: [number, number];
  /**
   * Spearman-Brown, 2r / (1 + r): the cosine to expect between vectors of as many pairs as there are, not of half as many.
   * With independent noise the cosine of two means of n pairs is s / (s + t / n) (s signal, t noise, both squared), of which
   * this is exact. Where halves do not agree at all (r <= 0) it has nothing to correct and is r.
   */
  corrected: number;
  splits: number;
}

/** As many as make the mean of the splits steady to about a hundredth, of cosines that spread by a tenth. */
const SPLITS = 100;

/**
 * @param differences at least four pairs: of halves of one there is no mean
 * @throws Error for fewer pairs, or where a half has no direction
 */
export function splitHalf(
  differences: Differences,
  { seed, splits = SPLITS }: { seed: number; splits?: number },
): SplitHalf {
  const { rows: N, columns: D, values_ND } = differences;
  if (N < 4) throw new Error(`${N} pairs cannot be split into halves to compare`);
  const cosines = new Float64Array(splits);
  for (let split = 0; split < splits; split++) {
    // Of an odd number one pair, another each time, is left out: halves are of equal size.
    const order = permutation(N, `${seed}/split-half/${split}`);
    const half = Math.floor(N / 2);
    const sums = [order.subarray(0, half), order.subarray(half, 2 * half)].map((rows) =>
      sumOfRows(values_ND, rows, D),
    );
    const cosine = cosineOf(sums[0]!, sums[1]!);
    if (cosine === null) throw new Error('the differences of a half add up to zero');
    cosines[split] = cosine;
  }
  const cosine = cosines.reduce((sum, value) => sum + value, 0) / splits;
  return { cosine, band95: percentile95(cosines), corrected: spearmanBrown(cosine), splits };
}

/** 2r / (1 + r) of a positive r; r itself otherwise, where the formula leaves [-1, 1]. */
export function spearmanBrown(r: number): number {
  return r > 0 ? (2 * r) / (1 + r) : r;
}

/** A sum has the direction of the mean. */
function sumOfRows(values_ND: ArrayLike<number>, rows: Uint32Array, D: number): Float64Array {
  const sum_D = new Float64Array(D);
  for (const row of rows) for (let d = 0; d < D; d++) sum_D[d]! += values_ND[row * D + d]!;
  return sum_D;
}
