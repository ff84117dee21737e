/** How much of a cosine a handful of dimensions decide. */
import { largestShares } from '../../steering/largest-shares.ts';
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
  const shares = largestShares(squares, [1, 5]);
  if (shares === undefined) throw new Error('all vectors are zero');
  const [top1, top5] = shares as [number, number];
  return { top1, top5 };
}
