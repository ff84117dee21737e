/** Do a handful of dimensions make up a vector? */

/**
 * The share of a sum of squares that its largest parts hold, for each number of parts in `counts`. Undefined where all are
 * zero: nothing has no shares.
 *
 * @param squares_D of each dimension, of one vector or summed over several
 */
export function largestShares(squares_D: Float64Array, counts: readonly number[]): number[] | undefined {
  const sorted = squares_D.toSorted().reverse();
  const total = sorted.reduce((sum, square) => sum + square, 0);
  if (total === 0) return undefined;
  return counts.map((n) => sorted.subarray(0, n).reduce((sum, square) => sum + square, 0) / total);
}
