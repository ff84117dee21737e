import { describe, expect, it } from 'vitest';
import { matrix } from '../../../src/eval/alignment/index.ts';

describe('a matrix of vectors', () => {
  it('has them end to end', () => {
    expect(matrix([Float32Array.of(1, 2, 3), [4, 5, 6]])).toEqual({
      rows: 2,
      columns: 3,
      values: Float64Array.of(1, 2, 3, 4, 5, 6),
    });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %s', (value) => {
    expect(() =>
      matrix([
        [1, 2],
        [value, 1],
      ]),
    ).toThrow('vector 1 is not finite');
  });

  it('refuses none at all, and vectors of unequal length', () => {
    expect(() => matrix([])).toThrow('no vectors');
    expect(() => matrix([[]])).toThrow('no vectors');
    expect(() => matrix([[1, 2], [1]])).toThrow('vector 1 has 1 dimensions, not 2');
  });
});
