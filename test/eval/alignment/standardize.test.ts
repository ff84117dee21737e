import { describe, expect, it } from 'vitest';
import { cosines, matrix, mexa, standardized } from '../../../src/eval/alignment/index.ts';

const A = [
  [1, 5, 2],
  [3, -1, 0.5],
  [0, 2, -7],
];
const B = [
  [2, 4, 1],
  [2.5, 0, 1],
  [-1, 3, -5],
];
const values = (a: number[][], b: number[][]) => standardized(matrix(a), matrix(b)).map((m) => [...m.values]);

describe('standardised vectors', () => {
  it('have mean 0 and deviation 1 in each dimension, over both languages together', () => {
    // 1, 3 and 5, 7: mean 4, deviation sqrt((9 + 1 + 1 + 9) / 4).
    const s = Math.sqrt(5);
    expect(values([[1], [3]], [[5], [7]])).toEqual(
      [
        [-3, -1],
        [1, 3],
      ].map((side) => side.map((value) => expect.closeTo(value / s, 14))),
    );
  });

  it('do not see a shift and scale of each dimension', () => {
    const [shift, scale] = [
      [1000, -3, 0.5],
      [50, 0.01, 7],
    ] as const;
    const moved = (rows: number[][]) => rows.map((row) => row.map((x, d) => x * scale[d]! + shift[d]!));
    const [a, b] = values(A, B);
    const [movedA, movedB] = values(moved(A), moved(B));
    for (const [i, value] of [...a!, ...b!].entries())
      expect([...movedA!, ...movedB!][i]).toBeCloseTo(value, 9);
  });

  it('show what one large dimension hides from raw cosines', () => {
    // The second sides differ from the first by little, and all are nearly parallel to (1000, 0).
    const [a, b] = [
      matrix([
        [1000, 1],
        [1010, -1],
      ]),
      matrix([
        [1001, 0.9],
        [1011, -0.9],
      ]),
    ];
    expect(Math.min(...cosines(a, b).values)).toBeGreaterThan(0.999_99);
    const found = cosines(...standardized(a, b));
    expect(found.values[1]).toBeLessThan(-0.9);
    expect(mexa(found)).toBe(1);
  });

  it('are 0 in a dimension that never changes, whatever its value', () => {
    for (const value of [0, 0.1, 1 / 3, 1e5 + 0.7, -2e-12]) {
      const [a, b] = values(
        [
          [1, value],
          [2, value],
          [4, value],
        ],
        [
          [3, value],
          [5, value],
          [9, value],
        ],
      );
      for (const side of [a!, b!]) expect([side[1], side[3], side[5]], `${value}`).toEqual([0, 0, 0]);
    }
  });

  it('leave what they are given as it is, and refuse what is no pairs', () => {
    const [a, b] = [matrix(A), matrix(B)];
    standardized(a, b);
    expect(a).toEqual(matrix(A));
    expect(b).toEqual(matrix(B));
    expect(() => standardized(a, matrix(B.slice(1)))).toThrow('3 x 3 and 2 x 3 vectors are not pairs');
  });
});
