import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPairOrder, type Pair, type PairMode } from '../../../src/data/parallel/index.ts';

const LANGUAGES = ['en', 'es', 'id', 'ko', 'el', 'zh', 'ar'];
const ids = (n: number) => Array.from({ length: n }, (_, i) => String(i));

/** The batches of an epoch. */
function epoch(n: number, languages: string[], batch: number, mode: PairMode, which = 0, seed = 1): Pair[][] {
  const order = createPairOrder(seed, ids(n), languages, batch, mode);
  return Array.from({ length: order.stepsPerEpoch }, (_, i) => {
    const step = order.at(which * order.stepsPerEpoch + i);
    expect(step.epoch).toBe(which);
    return step.pairs;
  });
}

const count = (pairs: Pair[], of: (pair: Pair) => string) => {
  const counts = new Map<string, number>();
  for (const pair of pairs) counts.set(of(pair), (counts.get(of(pair)) ?? 0) + 1);
  return counts;
};

const sizes = fc
  .record({
    n: fc.integer({ min: 2, max: 40 }),
    batch: fc.integer({ min: 2, max: 40 }),
    numLanguages: fc.integer({ min: 2, max: 7 }),
    seed: fc.nat(),
    mode: fc.constantFrom<PairMode>('xx_to_en', 'any'),
  })
  .filter(({ n, batch }) => batch <= n);

describe('createPairOrder', () => {
  it('has distinct sentences in every batch, whatever the sizes', () => {
    fc.assert(
      fc.property(sizes, ({ n, batch, numLanguages, seed, mode }) => {
        for (const pairs of epoch(n, LANGUAGES.slice(0, numLanguages), batch, mode, 3, seed))
          expect(new Set(pairs.map(({ index }) => index)).size).toBe(pairs.length);
      }),
    );
  });

  it('meets every sentence in every source language exactly once an epoch', () => {
    fc.assert(
      fc.property(sizes, ({ n, batch, numLanguages, seed, mode }) => {
        const languages = LANGUAGES.slice(0, numLanguages);
        const pairs = epoch(n, languages, batch, mode, 1, seed).flat();
        const met = count(pairs, ({ index, source }) => `${index} ${source}`);
        const sources = mode === 'any' ? languages : languages.slice(1);
        expect(met.size).toBe(n * sources.length);
        expect(pairs).toHaveLength(n * sources.length);
        expect(pairs.every(({ source, target }) => source !== target)).toBe(true);
        if (mode === 'xx_to_en') expect(pairs.every(({ target }) => target === 'en')).toBe(true);
        else expect(count(pairs, ({ index, target }) => `${index} ${target}`).size).toBe(pairs.length);
      }),
    );
  });

  it('never has a batch of one: a single last pair goes into the batch before', () => {
    const lengths = (n: number, batch: number) =>
      epoch(n, ['en', 'es'], batch, 'xx_to_en').map((pairs) => pairs.length);
    expect(lengths(9, 4)).toEqual([4, 5]);
    expect(lengths(10, 4)).toEqual([4, 4, 2]);
    expect(lengths(8, 4)).toEqual([4, 4]);
    expect(lengths(3, 2)).toEqual([3]);
  });

  it('mixes languages in a batch', () => {
    const batches = epoch(60, LANGUAGES, 20, 'xx_to_en');
    for (const pairs of batches) expect(count(pairs, ({ source }) => source).size).toBeGreaterThanOrEqual(4);
  });

  it('gives a step the same pairs whether or not the steps before it were asked for', () => {
    const steps = Array.from({ length: 40 }, (_, i) => i);
    const order = createPairOrder(5, ids(11), LANGUAGES, 4, 'any');
    const straight = steps.map((step) => order.at(step));
    for (const step of steps.toReversed())
      expect(createPairOrder(5, ids(11), LANGUAGES, 4, 'any').at(step)).toEqual(straight[step]);
  });

  it('orders epochs and seeds differently', () => {
    const first = epoch(20, LANGUAGES, 5, 'any');
    expect(epoch(20, LANGUAGES, 5, 'any', 1)).not.toEqual(first);
    expect(epoch(20, LANGUAGES, 5, 'any', 0, 2)).not.toEqual(first);
    expect(epoch(20, LANGUAGES, 5, 'any')).toEqual(first);
  });

  it('pairs a sentence with other languages in other epochs', () => {
    const targets = [0, 1, 2, 3].map((which) => {
      const pairs = epoch(8, LANGUAGES, 8, 'any', which).flat();
      return pairs.find(({ index, source }) => index === 0 && source === 'es')!.target;
    });
    expect(new Set(targets).size).toBeGreaterThan(1);
  });

  it('is pinned: runs made by earlier versions resume in the same order', () => {
    const { pairs } = createPairOrder(1, ids(5), ['en', 'es', 'ko'], 3, 'xx_to_en').at(1);
    expect(pairs.map(({ index, source }) => `${index} ${source}`)).toEqual(['2 ko', '0 ko', '3 ko']);
  });

  it('refuses a batch of one, one of more sentences than there are, and languages without English', () => {
    expect(() => createPairOrder(1, ids(5), LANGUAGES, 1, 'any')).toThrow('nothing to contrast');
    expect(() => createPairOrder(1, ids(5), LANGUAGES, 6, 'any')).toThrow('different sentences; there are 5');
    expect(() => createPairOrder(1, ids(5), ['es', 'ko'], 2, 'xx_to_en')).toThrow('en and another language');
    expect(() => createPairOrder(1, ids(5), ['es'], 2, 'any')).toThrow('two languages or more');
  });
});
