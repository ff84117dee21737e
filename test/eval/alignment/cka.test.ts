import { describe, expect, it } from 'vitest';
import { cka, matrix } from '../../../src/eval/alignment/index.ts';

const A = [
  [1, 0],
  [0, 2],
  [-1, 1],
  [3, -1],
];

describe('linear CKA', () => {
  it('is 1 of vectors and the same rotated, scaled and shifted', () => {
    const [cos, sin] = [0.6, 0.8];
    const moved = A.map(([x, y]) => [5 * (cos * x! - sin * y!) + 100, 5 * (sin * x! + cos * y!) - 40]);
    expect(cka(matrix(A), matrix(moved))).toBeCloseTo(1, 12);
  });

  it('is the value worked out by hand where one side has one of two dimensions', () => {
    // Centred: a = (1, 1), (1, -1), (-1, 1), (-1, -1), b = 1, 1, -1, -1 (and a dimension that never changes).
    // |A^T B|^2 = 4^2, |A^T A| = |diag(4, 4)| = 4 sqrt 2, |B^T B| = 4: 16 / (16 sqrt 2).
    const a = [
      [1, 1],
      [1, -1],
      [-1, 1],
      [-1, -1],
    ];
    const b = [
      [1, 7],
      [1, 7],
      [-1, 7],
      [-1, 7],
    ];
    expect(cka(matrix(a), matrix(b))).toBeCloseTo(Math.SQRT1_2, 14);
    expect(cka(matrix(b), matrix(a))).toBeCloseTo(Math.SQRT1_2, 14);
  });

  it('is 0 where the sides vary independently', () => {
    const first = [[1], [1], [-1], [-1]];
    const second = [[1], [-1], [1], [-1]];
    expect(cka(matrix(first), matrix(second))).toBeCloseTo(0, 14);
  });

  it('refuses a side whose vectors are all equal, whatever they are', () => {
    for (const value of [0, 1, 0.1, 1 / 3, 1e5 + 0.7])
      expect(() => cka(matrix(A), matrix(A.map(() => [value, -value]))), `${value}`).toThrow(
        'all vectors of a side are equal',
      );
  });
});
