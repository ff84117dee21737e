/** Linear centred kernel alignment (Kornblith et al. 2019): are two sets of vectors the same up to rotation and scale? */
import { type Matrix, meanOf, requirePairs } from './matrix.ts';
import { products } from './products.ts';

/**
 * <K, L> / (|K| |L|) of the centred Gram matrices K = A A^T, L = B B^T: 1 for the same geometry, whatever its mean, rotation
 * or scale. @throws Error if all vectors of a side are equal
 */
export function cka(a: Matrix, b: Matrix): number {
  requirePairs(a, b);
  const [k, l] = [centred(a), centred(b)].map((side) => products(side, side).values) as [
    Float64Array,
    Float64Array,
  ];
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
