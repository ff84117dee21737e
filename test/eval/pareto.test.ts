import { describe, expect, it } from 'vitest';
import { frontBand, frontShares, paretoFront } from '../../src/eval/pareto.ts';

const at = (name: string, transfer: number, localization: number) => ({ name, transfer, localization });
const drawn = (name: string, transfer: number[], localization: number[]) => ({
  name,
  transfer: Float64Array.from(transfer),
  localization: Float64Array.from(localization),
});

describe('the Pareto front', () => {
  it('is what no other point is at least as good as on both axes, by rising localization', () => {
    const points = [at('a', 0, 0), at('b', 2, -1), at('c', 1, -2), at('d', -1, 3), at('e', -1, 2)];
    expect(paretoFront(points).map(({ name }) => name)).toEqual(['b', 'a', 'd']);
  });

  it('holds points that are equal, and one point alone', () => {
    expect(paretoFront([at('a', 1, 1), at('b', 1, 1), at('c', 1, 0)])).toHaveLength(2);
    expect(paretoFront([at('a', 1, 1)])).toHaveLength(1);
    expect(paretoFront([])).toEqual([]);
  });

  it('holds a point in the share of resamples in which none beats it', () => {
    const points = [drawn('a', [0, 0, 0, 0], [0, 0, 0, 0]), drawn('b', [1, 1, -1, -1], [-1, 1, -1, 1])];
    // b beats a once, is beaten once, and twice both stay.
    expect(frontShares(points)).toEqual(
      new Map([
        ['a', 0.75],
        ['b', 0.75],
      ]),
    );
  });

  it('reaches in each resample the best transfer among points that are as far right', () => {
    const points = [drawn('a', [0, 0, 0], [2, 2, 2]), drawn('b', [1, 2, 3], [0, 0, 0])];
    const [left, middle, right] = frontBand(points, [-1, 1, 3]);
    expect(left).toMatchObject({ localization: -1, median: 2 });
    expect([left!.low, left!.high].map((x) => Number(x.toFixed(2)))).toEqual([1.05, 2.95]);
    expect(middle).toEqual({ localization: 1, low: 0, median: 0, high: 0 });
    expect(right).toEqual({ localization: 3, low: -Infinity, median: -Infinity, high: -Infinity });
  });

  it('is not reached where too few resamples reach, rather than in proportion to nothing', () => {
    const [only] = frontBand([drawn('a', [1, 1, 1], [0, 5, 5])], [4]);
    expect(only).toMatchObject({ low: -Infinity, median: 1, high: 1 });
  });
});
