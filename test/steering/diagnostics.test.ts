import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/steering/diagnostics.ts';
import { largestShares } from '../../src/steering/largest-shares.ts';
import { madeVector } from './made.ts';

describe('shares of the largest dimensions', () => {
  it('are those of the sum of squares, as many as there are', () => {
    expect(largestShares(Float64Array.of(1, 16, 4, 4), [1, 2, 9])).toEqual([16 / 25, 20 / 25, 1]);
  });

  it('do not exist of nothing', () => {
    expect(largestShares(new Float64Array(3), [1])).toBeUndefined();
  });
});

describe('diagnostics of a vector', () => {
  const made = madeVector({ es: [1, 2, 2, 0, 0, 0], ko: [3, 0, 4, 1, 0, 0] });
  const hidden = { es: [6, 2], ko: [10, 0] };
  const norms = Object.fromEntries(
    Object.entries(made.facts.norms).map(([language, { vector }]) => [
      language,
      { vector, hidden: hidden[language as 'es' | 'ko'] },
    ]),
  );
  const found = diagnose({ ...made, facts: { ...made.facts, norms } });

  it('stand the norm of each block beside that of the hidden states it was taken from', () => {
    expect(found.get('es')![0]).toMatchObject({ norm: 3, hidden: 6, ratio: 0.5 });
    expect(found.get('ko')![0]).toMatchObject({ norm: 5, hidden: 10, ratio: 0.5 });
  });

  it('tell the shares of the largest dimensions, and that a vector of zeros has none', () => {
    expect(found.get('ko')![0]!.shares).toEqual({ top1: 16 / 25, top5: 1, top10: 1 });
    expect(found.get('es')![1]).toEqual({ norm: 0, hidden: 2, ratio: 0, shares: null });
  });

  it('say nothing of hidden states that are not known', () => {
    expect(found.get('ko')![1]).toMatchObject({ norm: 1, hidden: null, ratio: null });
  });
});
