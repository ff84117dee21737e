/** Cosines of every sentence with every other. */
import { type Matrix, requirePairs } from './matrix.ts';
import { products } from './products.ts';

/** cos(a_i, b_j), row i, column j, in float64. @throws Error for a vector of zeros, which has no direction */
export function cosines(a: Matrix, b: Matrix): Matrix {
  requirePairs(a, b);
  return products(unit(a), unit(b));
}

function unit({ rows, columns, values }: Matrix): Matrix {
  const scaled = Float64Array.from(values);
  for (let i = 0; i < rows; i++) {
    let square = 0;
    for (let at = i * columns; at < (i + 1) * columns; at++) square += values[at]! ** 2;
    if (square === 0) throw new Error(`vector ${i} is zero and has no direction`);
    const length = Math.sqrt(square);
    for (let at = i * columns; at < (i + 1) * columns; at++) scaled[at]! /= length;
  }
  return { rows, columns, values: scaled };
}
