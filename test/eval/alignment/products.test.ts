import { describe, expect, it } from 'vitest';
import {
  cosineGap,
  cosines,
  matrix,
  mexa,
  retrieval,
  standardized,
} from '../../../src/eval/alignment/index.ts';
import { products } from '../../../src/eval/alignment/products.ts';

/** Numbers that look like noise. */
const vectors = (seed: number, rows: number, columns: number) =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, d) => Math.sin(seed + 7.3 * i * i + 1.7 * d * (i + 1))),
  );
const dot = (x: number[], y: number[]) => x.reduce((sum, value, d) => sum + value * y[d]!, 0);

describe('inner products', () => {
  it.each([
    [1, 1, 1],
    [3, 5, 7],
    [4, 33, 513],
    [7, 66, 1030],
  ])('are those of every row with every row: %i and %i rows of %i', (rowsA, rowsB, columns) => {
    const [a, b] = [vectors(1, rowsA, columns), vectors(2, rowsB, columns)];
    const found = products(matrix(a), matrix(b));
    expect([found.rows, found.columns]).toEqual([rowsA, rowsB]);
    for (const [i, x] of a.entries())
      for (const [j, y] of b.entries()) expect(found.values[i * rowsB + j]).toBeCloseTo(dot(x, y), 10);
  });

  it('of equal rows are equal to the last bit, wherever they stand', () => {
    const [x, y] = [vectors(1, 1, 1030)[0]!, vectors(2, 1, 1030)[0]!];
    const { values } = products(matrix(Array(7).fill(x)), matrix(Array(39).fill(y)));
    expect(new Set(values).size).toBe(1);
  });
});

describe('figures of cosines', () => {
  const a = vectors(1, 40, 9);
  const b = vectors(2, 40, 9).map((row, i) => row.map((value, d) => a[i]![d]! + 0.6 * value));
  const figures = (of: ReturnType<typeof matrix>) => {
    const { pairs, others } = cosineGap(of);
    const { forward, backward } = retrieval(of);
    return { ranks: [mexa(of), forward, backward], means: [pairs, others] };
  };
  const same = (one: ReturnType<typeof figures>, other: ReturnType<typeof figures>) => {
    expect(one.ranks).toEqual(other.ranks);
    expect(one.means).toEqual(other.means.map((value) => expect.closeTo(value, 12)));
  };

  it('do not see a rotation of both languages', () => {
    const axis = vectors(3, 1, 9)[0]!;
    const turn = (row: number[]) =>
      row.map((value, d) => value - (2 * dot(row, axis) * axis[d]!) / dot(axis, axis));
    const [before, after] = [
      cosines(matrix(a), matrix(b)),
      cosines(matrix(a.map(turn)), matrix(b.map(turn))),
    ];
    // Neither all nor none: figures that could change.
    expect(mexa(before)).toBeGreaterThan(0);
    expect(mexa(before)).toBeLessThan(1);
    same(figures(after), figures(before));
  });

  it('standardised, do not see a shift and scale of each dimension, nor one that never changes', () => {
    const move = (row: number[]) => [...row.map((value, d) => (d % 2 ? -3 : 5) * value + 10 * d), 7];
    const [before, after] = [
      cosines(...standardized(matrix(a), matrix(b))),
      cosines(...standardized(matrix(a.map(move)), matrix(b.map(move)))),
    ];
    same(figures(after), figures(before));
  });
});
