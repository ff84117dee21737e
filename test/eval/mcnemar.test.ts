import { describe, expect, it } from 'vitest';
import { mcnemar } from '../../src/eval/mcnemar.ts';

/** Answers of two models with so many items in each of the four cells. */
function cells(both: number, onlyA: number, onlyB: number, neither: number): [boolean[], boolean[]] {
  const times = (n: number, value: boolean) => Array<boolean>(n).fill(value);
  return [
    [...times(both + onlyA, true), ...times(onlyB + neither, false)],
    [...times(both, true), ...times(onlyA, false), ...times(onlyB, true), ...times(neither, false)],
  ];
}

describe("McNemar's test", () => {
  it('is the binomial one of the items that just one has right', () => {
    // n = 6, m = 1: P(X <= 1) = (1 + 6) / 64; exact 14 / 64; mid-p less P(X = 1) = 6 / 64: 8 / 64.
    const found = mcnemar(...cells(10, 1, 5, 4));
    expect(found).toMatchObject({ both: 10, onlyA: 1, onlyB: 5, neither: 4 });
    expect(found.exact).toBeCloseTo(14 / 64, 14);
    expect(found.midP).toBeCloseTo(8 / 64, 14);
    // n = 5, m = 0: 2 / 32, and mid-p 1 / 32.
    const none = mcnemar(...cells(0, 5, 0, 0));
    expect([none.exact, none.midP]).toEqual([expect.closeTo(2 / 32, 14), expect.closeTo(1 / 32, 14)]);
  });

  it('is the same with the models exchanged', () => {
    const [there, back] = [mcnemar(...cells(3, 2, 9, 1)), mcnemar(...cells(3, 9, 2, 1))];
    expect([back.exact, back.midP]).toEqual([there.exact, there.midP]);
  });

  it('finds nothing where each has as many', () => {
    // n = 4, m = 2: P(X = 2) = 6 / 16; mid-p 1 - 3 / 16.
    const found = mcnemar(...cells(1, 2, 2, 1));
    expect(found.exact).toBe(1);
    expect(found.midP).toBeCloseTo(13 / 16, 14);
    expect(mcnemar(...cells(7, 0, 0, 7))).toMatchObject({ exact: 1, midP: 1 });
  });

  it('stays exact of thousands of items, where 2^-n alone is 0', () => {
    // SciPy 1.17: binomtest(1400, 3000).pvalue, and that less binom.pmf(1400, 3000, 0.5).
    const found = mcnemar(...cells(0, 1400, 1600, 0));
    expect(found.exact / SCIPY.exact).toBeCloseTo(1, 9);
    expect(found.midP / SCIPY.midP).toBeCloseTo(1, 9);
  });
});

const SCIPY = { exact: 0.00027856396103923366, midP: 0.00026007701194212963 };
