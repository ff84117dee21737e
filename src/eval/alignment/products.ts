/** Inner products of every row with every other: what cosines and Gram matrices are made of. */
import type { Matrix } from './matrix.ts';

/** Dimensions at once: the 32 rows of a block have 128 KB, which stay near the processor while a row of a passes by. */
const WIDTH = 512;
/** Rows of b at once. */
const BLOCK = 32;

/**
 * <a_i, b_j> in float64, row i, column j. Each is added up in one order, wherever it stands: equal rows have equal products
 * to the last bit, so that a tie is seen as one.
 */
export function products(a: Matrix, b: Matrix): Matrix {
  const made: Matrix = { rows: a.rows, columns: b.rows, values: new Float64Array(a.rows * b.rows) };
  for (let from = 0; from < a.columns; from += WIDTH) {
    const to = Math.min(a.columns, from + WIDTH);
    for (let j = 0; j < b.rows; j += BLOCK) {
      const end = Math.min(b.rows, j + BLOCK);
      for (let i = 0; i < a.rows; i += 2) addPanel(made, a, b, i, j, end, from, to);
    }
  }
  return made;
}

/**
 * Two rows of a by the rows of b from j to end, four at a time: eight sums at once for six numbers read. One name at a
 * time, as unpacked lists cost five times the arithmetic in this loop.
 */
function addPanel(
  made: Matrix,
  a: Matrix,
  b: Matrix,
  i: number,
  j: number,
  end: number,
  from: number,
  to: number,
): void {
  const x = a.values;
  const y = b.values;
  const D = a.columns;
  const length = to - from;
  // Rows beyond the last are the last once more; their sums are not kept.
  const x0 = i * D + from;
  const x1 = Math.min(i + 1, a.rows - 1) * D + from;
  for (let k = j; k < end; k += 4) {
    const y0 = k * D + from;
    const y1 = Math.min(k + 1, end - 1) * D + from;
    const y2 = Math.min(k + 2, end - 1) * D + from;
    const y3 = Math.min(k + 3, end - 1) * D + from;
    let s00 = 0;
    let s01 = 0;
    let s02 = 0;
    let s03 = 0;
    let s10 = 0;
    let s11 = 0;
    let s12 = 0;
    let s13 = 0;
    for (let d = 0; d < length; d++) {
      const u = x[x0 + d]!;
      const v = x[x1 + d]!;
      const p = y[y0 + d]!;
      const q = y[y1 + d]!;
      const r = y[y2 + d]!;
      const s = y[y3 + d]!;
      s00 += u * p;
      s01 += u * q;
      s02 += u * r;
      s03 += u * s;
      s10 += v * p;
      s11 += v * q;
      s12 += v * r;
      s13 += v * s;
    }
    add(made, i, k, end, [s00, s01, s02, s03]);
    if (i + 1 < a.rows) add(made, i + 1, k, end, [s10, s11, s12, s13]);
  }
}

/** Adds sums to row i from column k on, those before `end`. */
function add({ columns, values }: Matrix, i: number, k: number, end: number, sums: readonly number[]): void {
  for (let n = 0; n < sums.length && k + n < end; n++) values[i * columns + k + n]! += sums[n]!;
}
