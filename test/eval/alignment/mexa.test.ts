import { describe, expect, it } from 'vitest';
import { matrix, mexa } from '../../../src/eval/alignment/index.ts';

/** MEXA of cosines that are given. */
const of = (...rows: number[][]) => mexa(matrix(rows));

describe('MEXA', () => {
  it('is the share of sentences whose own cosine is above all others of their row and of their column', () => {
    // 0: 0.9 over row (0.1, 0.2, 0.3) and column (0.4, 0.5, 0.6). 1: row has 0.8 over its 0.7. 2: column has 0.8 over
    // its 0.75, its row is lower. 3: 0.65 over row (0.6, 0.3, 0.2) and column (0.3, 0.1, 0.4).
    const cosines = [
      [0.9, 0.1, 0.2, 0.3],
      [0.4, 0.7, 0.8, 0.1],
      [0.5, 0.6, 0.75, 0.4],
      [0.6, 0.3, 0.2, 0.65],
    ];
    expect(of(...cosines)).toBe(2 / 4);
  });

  it('asks for both directions: one that fails either way is not aligned', () => {
    expect(of([0.5, 0.6], [0.1, 0.9])).toBe(1 / 2);
    expect(of([0.5, 0.1], [0.6, 0.9])).toBe(1 / 2);
  });

  it('is strict: a tie counts as not aligned, in a row or in a column', () => {
    expect(of([0.5, 0.5], [0.1, 0.9])).toBe(1 / 2);
    expect(of([0.5, 0.1], [0.5, 0.9])).toBe(1 / 2);
    expect(of([1, 1], [1, 1])).toBe(0);
  });

  it('does not compare a sentence with those of its own language, nor by size: negative cosines rank, too', () => {
    expect(of([-0.5, -0.6], [-0.7, -0.2])).toBe(1);
    expect(of([-0.5, -0.4], [-0.7, -0.2])).toBe(1 / 2);
  });

  it('is the same whichever language has the rows', () => {
    const rows = [
      [0.9, 0.1, 0.95],
      [0.4, 0.7, 0.2],
      [0.3, 0.2, 0.6],
    ];
    const turned = rows.map((_, i) => rows.map((row) => row[i]!));
    expect(of(...rows)).toBe(1 / 3);
    expect(of(...turned)).toBe(1 / 3);
  });
});
