import { describe, expect, it } from 'vitest';
import { massiveDims, matrix } from '../../../src/eval/alignment/index.ts';

describe('massive dimensions', () => {
  it('are the shares of the largest and the five largest in the squared norm of all vectors', () => {
    // Squares by dimension: 1 + 0, 9 + 16, 4 + 0, 0 + 1, 1 + 1, 1 + 0, 0 + 4: 38, of which 25, and 25 + 4 + 4 + 2 + 1.
    const found = massiveDims(
      matrix([
        [1, 3, -2, 0, 1, 1, 0],
        [0, -4, 0, 1, 1, 0, 2],
      ]),
    );
    expect(found.top1).toBeCloseTo(25 / 38, 14);
    expect(found.top5).toBeCloseTo(36 / 38, 14);
  });

  it('are of vectors as they are, not of what varies', () => {
    expect(
      massiveDims(
        matrix([
          [10, 0],
          [10, 1],
          [10, -1],
        ]),
      ).top1,
    ).toBeCloseTo(300 / 302, 14);
  });

  it('are everything where there are five dimensions or fewer', () => {
    expect(massiveDims(matrix([[1, 2, 3]])).top5).toBe(1);
  });

  it('refuse vectors that are all zero: there is nothing to have a share of', () => {
    expect(() =>
      massiveDims(
        matrix([
          [0, 0],
          [0, 0],
        ]),
      ),
    ).toThrow('all vectors are zero');
  });
});
