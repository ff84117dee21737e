/** Cosines of every sentence with every other. */
import { type Matrix, requirePairs } from './matrix.ts';

/** Rows of b that stay in the processor's cache while a row of a passes over them. */
const BLOCK = 32;

/** cos(a_i, b_j), row i, column j, in float64. @throws Error for a vector of zeros, which has no direction */
export function cosines(a: Matrix, b: Matrix): Matrix {
  requirePairs(a, b);
  const [left, right] = [unit(a), unit(b)];
  const { rows: S, columns: D } = a;
  const values = new Float64Array(S * S);
  for (let block = 0; block < S; block += BLOCK) {
    const end = Math.min(S, block + BLOCK);
    for (let i = 0; i < S; i++) {
      for (let j = block; j < end; j++) values[i * S + j] = dot(left, i * D, right, j * D, D);
    }
  }
  return { rows: S, columns: S, values };
}

function unit({ rows, columns, values }: Matrix): Float64Array {
  const scaled = Float64Array.from(values);
  for (let i = 0; i < rows; i++) {
    const length = Math.sqrt(dot(values, i * columns, values, i * columns, columns));
    if (length === 0) throw new Error(`vector ${i} is zero and has no direction`);
    for (let d = i * columns; d < (i + 1) * columns; d++) scaled[d]! /= length;
  }
  return scaled;
}

/** In four sums, which the processor adds side by side. */
function dot(a: Float64Array, atA: number, b: Float64Array, atB: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let d = 0;
  for (; d + 4 <= length; d += 4) {
    s0 += a[atA + d]! * b[atB + d]!;
    s1 += a[atA + d + 1]! * b[atB + d + 1]!;
    s2 += a[atA + d + 2]! * b[atB + d + 2]!;
    s3 += a[atA + d + 3]! * b[atB + d + 3]!;
  }
  for (; d < length; d++) s0 += a[atA + d]! * b[atB + d]!;
  return s0 + s1 + (s2 + s3);
}
