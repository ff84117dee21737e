/**
 * Principal components of one layer's hidden states over all languages, two of them: where languages lie (paper, Figures 3 and
 * 11 to 13).
 *
 * Shape letters: N points, D model, K = min(N, D).
 */
import { Matrix as Dense } from 'ml-matrix';
import { PCA } from 'ml-pca';
import { type Matrix, meanOf } from '../alignment/matrix.ts';
import { products } from '../alignment/products.ts';

/** Points in the plane of the two components with the most variance, in the order of the rows. */
export interface Panel {
  x: number[];
  y: number[];
  /** Shares of all variance; 0 where nothing varies. */
  explained: [number, number];
}

/** Below this share of the deviation along an axis, a mean is rounding and cannot choose a sign. */
const NOUGHT = 1e-6;

/**
 * Centred, not scaled. A component has no sign of its own; here the mean of the points named by `right` (English) lies on its
 * positive side, so that panels of other layers and models are turned alike. Where that mean is nought, the dimension that
 * weighs most in the component counts positively.
 *
 * ml-pca, of the smaller of the two products of the centred rows with themselves (N x N or D x D), whose eigenvectors are
 * found in some 6 K^3 multiplications: half a second of 300 points.
 *
 * @param right rows, not empty
 * @throws Error for fewer than two rows
 */
export function panel(vectors: Matrix, right: readonly number[]): Panel {
  const { rows: N, columns: D } = vectors;
  if (N < 2 || right.length === 0) throw new Error(`${N} points, ${right.length} on the right: no panel`);
  const centred = centre(vectors);
  const turned = transposed(centred);
  const isWide = N <= D;
  const side = isWide ? centred : turned;
  const pca = new PCA(square(products(side, side), 1 / (N - 1)), { isCovarianceMatrix: true });
  // Of rank below two, the rest is rounding, which may be below 0.
  const variances = pca.getEigenvalues().map((value) => Math.max(0, value));
  const total = variances.reduce((sum, value) => sum + value, 0);
  const vectorsOf = pca.getEigenvectors();
  const axis = (k: number): { points: number[]; share: number } => {
    const variance = variances[k] ?? 0;
    const share = total === 0 ? 0 : variance / total;
    if (share < Number.EPSILON * N) return { points: Array.from({ length: N }, () => 0), share: 0 };
    const vector = Float64Array.from(vectorsOf.getColumn(k));
    // The eigenvector of N x N is the points themselves but for their length; that of D x D is the component.
    const length = Math.sqrt(variance * (N - 1));
    const points = isWide ? vector.map((value) => value * length) : times(centred, vector);
    const sign = signOf(points, right, Math.sqrt(variance), () => (isWide ? times(turned, points) : vector));
    return { points: Array.from(points, (value) => value * sign), share };
  };
  const [first, second] = [axis(0), axis(1)];
  return { x: first.points, y: second.points, explained: [first.share, second.share] };
}

/** @param loadings of the component, up to a positive factor */
function signOf(
  points: Float64Array,
  right: readonly number[],
  deviation: number,
  loadings: () => Float64Array,
): 1 | -1 {
  const mean = right.reduce((sum, row) => sum + points[row]!, 0) / right.length;
  if (Math.abs(mean) > NOUGHT * deviation) return mean > 0 ? 1 : -1;
  const largest = loadings().reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return largest < 0 ? -1 : 1;
}

function centre(vectors: Matrix): Matrix {
  const { columns } = vectors;
  const values = Float64Array.from(vectors.values);
  for (let d = 0; d < columns; d++) {
    const mean = meanOf(d, vectors);
    for (let at = d; at < values.length; at += columns) values[at]! -= mean;
  }
  return { ...vectors, values };
}

function transposed({ rows, columns, values }: Matrix): Matrix {
  const made = new Float64Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let d = 0; d < columns; d++) made[d * rows + i] = values[i * columns + d]!;
  return { rows: columns, columns: rows, values: made };
}

function times(m: Matrix, vector: Float64Array): Float64Array {
  return products(m, { rows: 1, columns: m.columns, values: vector }).values;
}

function square({ rows, columns, values }: Matrix, factor: number): Dense {
  const made = new Dense(rows, columns);
  for (const [at, value] of values.entries())
    made.set(Math.floor(at / columns), at % columns, value * factor);
  return made;
}
