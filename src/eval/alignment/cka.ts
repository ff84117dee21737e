/** Linear centred kernel alignment (Kornblith et al. 2019): are two sets of vectors the same up to rotation and scale? */
import { type Matrix, meanOf, requirePairs } from './matrix.ts';

/**
 * <K, L> / (|K| |L|) of the centred Gram matrices K = A A^T, L = B B^T: 1 for the same geometry, whatever its mean, rotation
 * or scale. @throws Error if all vectors of a side are equal
 */
export function cka(a: Matrix, b: Matrix): number {
  requirePairs(a, b);
  const [k, l] = [gram(centred(a)), gram(centred(b))];
  let [kl, kk, ll] = [0, 0, 0];
  for (let i = 0; i < k.length; i++) {
    kl += k[i]! * l[i]!;
    kk += k[i]! * k[i]!;
    ll += l[i]! * l[i]!;
  }
  if (kk === 0 || ll === 0) throw new Error('all vectors of a side are equal');
  return kl / Math.sqrt(kk * ll);
}

function centred(side: Matrix): Matrix {
  const made = Float64Array.from(side.values);
  for (let d = 0; d < side.columns; d++) {
    const mean = meanOf(d, side);
    for (let at = d; at < made.length; at += side.columns) made[at]! -= mean;
  }
  return { ...side, values: made };
}

function gram({ rows, columns, values }: Matrix): Float64Array {
  const products = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let d = 0; d < columns; d++) sum += values[i * columns + d]! * values[j * columns + d]!;
      products[i * rows + j] = sum;
      products[j * rows + i] = sum;
    }
  }
  return products;
}
