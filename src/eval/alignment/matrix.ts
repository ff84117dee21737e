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
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new Error(`vector ${Math.floor(wrong / columns)} is not finite`);
  return { rows, columns, values };
}

/** The mean of dimension `d` over all rows of `sides`; of equal values it is that value to the last bit. */
export function meanOf(d: number, ...sides: readonly Matrix[]): number {
  const { columns } = sides[0]!;
  const first = sides[0]!.values[d]!;
  // Of differences from the first: a plain sum over n rounds, and what never changes would seem to.
  let [sum, n] = [0, 0];
  for (const { rows, values } of sides) {
    for (let at = d; at < values.length; at += columns) sum += values[at]! - first;
    n += rows;
  }
  return first + sum / n;
}

/** @throws Error unless the two have the same sentences and dimensions */
export function requirePairs(a: Matrix, b: Matrix): void {
  if (a.rows !== b.rows || a.columns !== b.columns)
    throw new Error(`${a.rows} x ${a.columns} and ${b.rows} x ${b.columns} vectors are not pairs`);
}
