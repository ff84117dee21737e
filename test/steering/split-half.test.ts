import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import { spearmanBrown, splitHalf } from '../../src/steering/split-half.ts';

const of = (...rows: number[][]) => ({ rows: rows.length, columns: rows[0]!.length, values_ND: rows.flat() });

describe('split-half stability', () => {
  it('is 1 of pairs that all differ in the same direction', () => {
    const { cosine, band95, corrected } = splitHalf(of([1, 2], [2, 4], [3, 6], [1, 2]), { seed: 1 });
    for (const figure of [cosine, ...band95, corrected]) expect(figure).toBeCloseTo(1, 12);
  });

  it('is what the three ways to halve four pairs give', () => {
    // {1,2}|{3,4}: (2,0) and (0,2), cosine 0; both other ways: (1,1) and (1,1), cosine 1.
    const found = splitHalf(of([1, 0], [1, 0], [0, 1], [0, 1]), { seed: 1, splits: 600 });
    expect(found.cosine).toBeGreaterThan(0.6);
    expect(found.cosine).toBeLessThan(0.73);
    expect(found.band95[0]).toBe(0);
    expect(found.band95[1]).toBeCloseTo(1, 12);
    expect(found.corrected).toBeCloseTo((2 * found.cosine) / (1 + found.cosine), 12);
  });

  it('is low of differences that are noise alone, and rises with a common part', () => {
    const random = seedrandom('noise');
    const noise = Array.from({ length: 40 }, () => Array.from({ length: 64 }, () => random() - 0.5));
    const shifted = noise.map((row) => row.map((value) => value + 0.2));
    expect(Math.abs(splitHalf(of(...noise), { seed: 1 }).cosine)).toBeLessThan(0.3);
    expect(splitHalf(of(...shifted), { seed: 1 }).cosine).toBeGreaterThan(0.8);
  });

  it('depends on the seed alone, and takes any number of pairs from four on', () => {
    const five = of([1, 0], [1, 1], [0, 1], [2, 1], [1, 3]);
    expect(splitHalf(five, { seed: 3 })).toEqual(splitHalf(five, { seed: 3 }));
    expect(splitHalf(five, { seed: 3 })).not.toEqual(splitHalf(five, { seed: 4 }));
    expect(() => splitHalf(of([1, 0], [1, 1], [0, 1]), { seed: 3 })).toThrow('3 pairs cannot be split');
  });

  it('does not exist where a half adds up to nothing', () => {
    expect(() => splitHalf(of([0, 0], [0, 0], [0, 0], [0, 0]), { seed: 1 })).toThrow('add up to zero');
  });

  it('is corrected for the smaller number of pairs: 1/2 of halves is 2/3 of the whole, and no agreement stays none', () => {
    expect(spearmanBrown(0.5)).toBeCloseTo(2 / 3, 12);
    expect(spearmanBrown(1)).toBe(1);
    expect(spearmanBrown(-0.9)).toBe(-0.9);
  });
});
