import { describe, expect, it } from 'vitest';
import { matrix, retrieval } from '../../../src/eval/alignment/index.ts';

const of = (...rows: number[][]) => retrieval(matrix(rows));

describe('retrieval@1', () => {
  it('looks from rows to columns and from columns to rows, each for itself', () => {
    // Rows: 0.9 first; 0.3 behind 0.8; 0.5 first. Columns: 0.9 first; 0.3 behind 0.4; 0.5 behind 0.8.
    const cosines = [
      [0.9, 0.4, 0.2],
      [0.1, 0.3, 0.8],
      [0.0, 0.2, 0.5],
    ];
    expect(of(...cosines)).toEqual({ forward: 2 / 3, backward: 1 / 3 });
  });

  it('counts a tie as a miss', () => {
    // Row 0 ties within its row; both columns are clear.
    expect(of([0.5, 0.5], [0.1, 0.9])).toEqual({ forward: 1 / 2, backward: 1 });
    expect(of([0.5, 0.1], [0.5, 0.9])).toEqual({ forward: 1, backward: 1 / 2 });
    expect(of([1, 1], [1, 1])).toEqual({ forward: 0, backward: 0 });
  });

  it('is 1 both ways where each sentence is nearest to its own, below 0 as well', () => {
    expect(of([-0.1, -0.9], [-0.8, -0.2])).toEqual({ forward: 1, backward: 1 });
  });
});
