import { describe, expect, it } from 'vitest';
import { anc, matrix } from '../../../src/eval/alignment/index.ts';

/** Sentences in rows, from dimensions in rows. */
const byDimension = (...dimensions: number[][]) =>
  matrix(dimensions[0]!.map((_, i) => dimensions.map((values) => values[i]!)));

describe('average neuron-wise correlation', () => {
  it('is the mean over dimensions of the size of their correlation', () => {
    // r = 1; r = -1; and (1, 2, 3) with (2, 1, 3): sum xy = 1 * 0 ... -1 * 0 + 0 * -1 + 1 * 1 = 1, over 2: 0.5.
    const a = byDimension([1, 2, 3], [1, 2, 3], [1, 2, 3]);
    const b = byDimension([10, 20, 30], [5, 3, 1], [2, 1, 3]);
    expect(anc(a, b)).toBeCloseTo((1 + 1 + 0.5) / 3, 14);
  });

  it('leaves out dimensions that never change on a side, whatever their value', () => {
    for (const value of [0, 0.1, 1 / 3, 1e5 + 0.7]) {
      const a = byDimension([1, 2, 3], [1, 2, 3]);
      const b = byDimension([2, 1, 3], [value, value, value]);
      expect(anc(a, b), `${value}`).toBeCloseTo(0.5, 14);
      expect(anc(b, a), `${value}`).toBeCloseTo(0.5, 14);
    }
  });

  it('does not mix dimensions up: the same in another dimension does not count', () => {
    const a = byDimension([1, -1, 1, -1], [1, 1, -1, -1]);
    const b = byDimension([1, 1, -1, -1], [1, -1, 1, -1]);
    expect(anc(a, b)).toBeCloseTo(0, 14);
  });

  it('refuses sides of which no dimension changes', () => {
    expect(() => anc(byDimension([0.1, 0.1, 0.1]), byDimension([1, 2, 3]))).toThrow(
      'no dimension changes on both sides',
    );
  });
});
