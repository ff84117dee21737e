/** Sentence vectors without what all of them share, so that no few dimensions make up the whole cosine. */
import { type Matrix, meanOf, requirePairs } from './matrix.ts';

/**
 * Both matrices with each dimension at mean 0 and deviation 1, measured over the sentences of both together. Dimensions
 * that never change become 0.
 */
export function standardized(a: Matrix, b: Matrix): [a: Matrix, b: Matrix] {
  requirePairs(a, b);
  const { rows, columns } = a;
  const made: [Matrix, Matrix] = [
    { ...a, values: new Float64Array(rows * columns) },
    { ...b, values: new Float64Array(rows * columns) },
  ];
  for (let d = 0; d < columns; d++) {
    const mean = meanOf(d, a, b);
    let variance = 0;
    for (const { values } of [a, b])
      for (let at = d; at < values.length; at += columns) variance += (values[at]! - mean) ** 2 / (2 * rows);
    const deviation = Math.sqrt(variance) || 1;
    for (const [i, { values }] of [a, b].entries())
      for (let at = d; at < values.length; at += columns)
        made[i]!.values[at] = (values[at]! - mean) / deviation;
  }
  return made;
}
