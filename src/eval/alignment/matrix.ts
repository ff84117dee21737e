/** Sentence vectors as one block of numbers. */

/** Rows of equal length, end to end. */
export interface Matrix {
  rows: number;
  columns: number;
  /** Row-major, float64: differences of cosines near 1 are what is looked for. */
  values: Float64Array;
}

/** @throws Error if there is no row, lengths differ, or a value is not finite */
export function matrix(vectors: readonly ArrayLike<number>[]): Matrix {
  const [first] = vectors;
  if (first === undefined || first.length === 0) throw new Error('no vectors');
  const [rows, columns] = [vectors.length, first.length];
  const values = new Float64Array(rows * columns);
  for (const [i, vector] of vectors.entries()) {
    if (vector.length !== columns)
      throw new Error(`vector ${i} has ${vector.length} dimensions, not ${columns}`);
    values.set(vector, i * columns);
  }
  if (!values.every(Number.isFinite)) throw new Error('a vector is not finite');
  return { rows, columns, values };
}

/** @throws Error unless the two have the same sentences and dimensions */
export function requirePairs(a: Matrix, b: Matrix): void {
  if (a.rows !== b.rows || a.columns !== b.columns)
    throw new Error(`${a.rows} x ${a.columns} and ${b.rows} x ${b.columns} vectors are not pairs`);
}
