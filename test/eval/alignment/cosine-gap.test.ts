import { describe, expect, it } from 'vitest';
import { cosineGap, cosines, matrix } from '../../../src/eval/alignment/index.ts';

describe('the gap of cosines', () => {
  it('is the mean of the diagonal less the mean of everything else', () => {
    const { pairs, others, gap } = cosineGap(
      matrix([
        [0.9, 0.1, 0.2],
        [0.3, 0.6, 0.4],
        [0.5, 0.0, 0.3],
      ]),
    );
    expect(pairs).toBeCloseTo((0.9 + 0.6 + 0.3) / 3, 14);
    expect(others).toBeCloseTo((0.1 + 0.2 + 0.3 + 0.4 + 0.5 + 0) / 6, 14);
    expect(gap).toBeCloseTo(0.6 - 0.25, 14);
  });

  it('is 0 where translations are as near as other sentences, below 0 where they are farther', () => {
    expect(
      cosineGap(
        matrix([
          [0.5, 0.5],
          [0.5, 0.5],
        ]),
      ).gap,
    ).toBe(0);
    expect(
      cosineGap(
        matrix([
          [0, 1],
          [1, 0],
        ]),
      ).gap,
    ).toBe(-1);
  });

  it('needs a second sentence', () => {
    expect(() => cosineGap(matrix([[1]]))).toThrow('one sentence has no others to compare with');
  });
});

describe('cosines', () => {
  it('are of row i of the first and row j of the second, whatever their lengths', () => {
    const found = cosines(
      matrix([
        [2, 0],
        [0, 0.5],
        [3, 4],
      ]),
      matrix([
        [10, 0],
        [1, 1],
        [-4, 3],
      ]),
    );
    const half = Math.SQRT1_2;
    const expected = [1, half, -0.8, 0, half, 0.6, 0.6, 1.4 * half, 0];
    expect([...found.values]).toEqual(expected.map((value) => expect.closeTo(value, 14)));
    expect([found.rows, found.columns]).toEqual([3, 3]);
  });

  it('are right beyond a block of rows and a group of dimensions', () => {
    // 70 sentences of 7 dimensions: more than two blocks of 32, and 4 + 3.
    const vectors = (seed: number) =>
      Array.from({ length: 70 }, (_, i) =>
        Array.from({ length: 7 }, (_, d) => Math.sin(seed + 7.3 * i + 1.7 * d)),
      );
    const [a, b] = [vectors(1), vectors(2)];
    const { values } = cosines(matrix(a), matrix(b));
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, d) => sum + value * y[d]!, 0);
    for (const [i, x] of a.entries())
      for (const [j, y] of b.entries())
        expect(values[i * 70 + j]).toBeCloseTo(dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y)), 12);
  });

  it('refuse a vector of zeros, which has no direction, and sets that are no pairs', () => {
    const two = matrix([
      [1, 2],
      [3, 4],
    ]);
    const withZero = matrix([
      [1, 2],
      [0, 0],
    ]);
    expect(() => cosines(two, withZero)).toThrow('vector 1 is zero and has no direction');
    expect(() => cosines(withZero, two)).toThrow('vector 1 is zero and has no direction');
    expect(() => cosines(two, matrix([[1, 2]]))).toThrow('2 x 2 and 1 x 2 vectors are not pairs');
  });
});
