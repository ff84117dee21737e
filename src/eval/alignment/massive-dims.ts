/** How much of a cosine a handful of dimensions decide. */
import type { Matrix } from './matrix.ts';

/** Shares of the vectors' squared norm. */
export interface Massive {
  /** In the largest dimension. */
  top1: number;
  /** In the five largest. */
  top5: number;
}

/**
 * The largest dimensions' share of the squared norm, over all vectors together.
 * @throws Error if all of them are zero
 */
export function massiveDims({ columns, values }: Matrix): Massive {
  const squares = new Float64Array(columns);
  for (const [at, value] of values.entries()) squares[at % columns]! += value * value;
  const sorted = squares.toSorted().reverse();
  const total = sorted.reduce((sum, square) => sum + square, 0);
  if (total === 0) throw new Error('all vectors are zero');
  const share = (n: number) => sorted.subarray(0, n).reduce((sum, square) => sum + square, 0) / total;
  return { top1: share(1), top5: share(5) };
}
