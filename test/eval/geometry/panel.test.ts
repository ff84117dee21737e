import { PCA } from 'ml-pca';
import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import { matrix } from '../../../src/eval/alignment/index.ts';
import { panel } from '../../../src/eval/geometry/index.ts';

/** Variances 18/3 and 2/3 along the two dimensions: 90 % and 10 %. */
const CROSS = [
  [3, 0],
  [-3, 0],
  [0, 1],
  [0, -1],
];
const near = (found: number[], wanted: number[]) => {
  expect(found).toHaveLength(wanted.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(wanted[i]!, 9);
};

describe('a panel of two principal components', () => {
  it('has the points and shares of variance worked out by hand, wherever the mean is', () => {
    for (const shift of [0, 100]) {
      const { x, y, explained } = panel(matrix(CROSS.map(([a, b]) => [a! + shift, b! - shift])), [0]);
      near(x, [3, -3, 0, 0]);
      near(y, [0, 0, 1, -1]);
      near(explained, [0.9, 0.1]);
    }
  });

  it('is the same with more dimensions than points', () => {
    const wide = CROSS.map(([a, b]) => [0, 7, a! * 0.6, a! * 0.8, 0, b!, 0]);
    const { x, y, explained } = panel(matrix(wide), [0]);
    near(x, [3, -3, 0, 0]);
    near(y, [0, 0, 1, -1]);
    near(explained, [0.9, 0.1]);
  });

  it('puts the mean of English on the positive side of each component', () => {
    near(panel(matrix(CROSS), [1]).x, [-3, 3, 0, 0]);
    near(panel(matrix(CROSS), [1, 3]).x, [-3, 3, 0, 0]);
    near(panel(matrix(CROSS), [1, 3]).y, [0, 0, -1, 1]);
  });

  it('takes the dimension that weighs most for positive where English lies in the middle', () => {
    const negated = CROSS.map((row) => row.map((value) => -value));
    for (const right of [
      [0, 1, 2, 3],
      [0, 1],
    ]) {
      near(panel(matrix(CROSS), right).x, [3, -3, 0, 0]);
      near(panel(matrix(negated), right).x, [-3, 3, 0, 0]);
      near(panel(matrix(negated.map((row) => [...row, 0, 0, 0])), right).y, [0, 0, -1, 1]);
    }
  });

  it('of points on a line has no second component, and of one point none', () => {
    const line = panel(
      matrix([
        [1, 1, 1],
        [2, 2, 2],
        [4, 4, 4],
      ]),
      [2],
    );
    near(line.explained, [1, 0]);
    expect(line.y).toEqual([0, 0, 0]);
    const point = panel(
      matrix([
        [5, 1, 2],
        [5, 1, 2],
        [5, 1, 2],
      ]),
      [0],
    );
    expect(point).toEqual({ x: [0, 0, 0], y: [0, 0, 0], explained: [0, 0] });
    const one = panel(matrix([[1], [3]]), [1]);
    near(one.x, [-1, 1]);
    expect(one.y).toEqual([0, 0]);
  });

  it('is what a singular value decomposition finds, of more or fewer points than dimensions', () => {
    const random = seedrandom('panel');
    for (const [n, d] of [
      [12, 5],
      [5, 12],
    ] as const) {
      const rows = Array.from({ length: n }, () => Array.from({ length: d }, () => random() * 10 - 3));
      const { x, y, explained } = panel(matrix(rows), [0, 1]);
      const pca = new PCA(rows, { method: 'SVD' });
      const wanted = pca.predict(rows);
      for (const [k, found] of [x, y].entries()) {
        const own = wanted.getColumn(k);
        const sign = Math.sign(own[0]! + own[1]!);
        near(
          found,
          own.map((value) => value * sign),
        );
      }
      near(explained, pca.getExplainedVariance().slice(0, 2));
    }
  });

  it('refuses a single point', () => {
    expect(() => panel(matrix([[1, 2]]), [0])).toThrow('no panel');
  });
});
