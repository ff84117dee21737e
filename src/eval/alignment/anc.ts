/** Average neuron-wise correlation (Del & Fishel 2022): do single dimensions say the same in both languages? */
import { type Matrix, meanOf, requirePairs } from './matrix.ts';

/** The mean over dimensions of |Pearson's r| across sentences; dimensions that never change on a side are left out. */
export function anc(a: Matrix, b: Matrix): number {
  requirePairs(a, b);
  const { rows, columns } = a;
  let [sum, used] = [0, 0];
  for (let d = 0; d < columns; d++) {
    const [meanA, meanB] = [meanOf(d, a), meanOf(d, b)];
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = 0; i < rows; i++) {
      const x = a.values[i * columns + d]! - meanA;
      const y = b.values[i * columns + d]! - meanB;
      ab += x * y;
      aa += x * x;
      bb += y * y;
    }
    if (aa === 0 || bb === 0) continue;
    sum += Math.abs(ab) / Math.sqrt(aa * bb);
    used++;
  }
  if (used === 0) throw new Error('no dimension changes on both sides');
  return sum / used;
}
