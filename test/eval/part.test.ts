import { describe, expect, it } from 'vitest';
import type { Item } from '../../src/eval/item.ts';
import { partKey, partOf } from '../../src/eval/part.ts';
import { made } from './made.ts';

/** Forty questions of two variants, in two languages. */
const ITEMS: Item[] = ['es', 'ko'].flatMap((language) =>
  Array.from({ length: 80 }, (_, i) => {
    const cluster = `q${Math.floor(i / 2)}`;
    return made({ id: `${cluster}/${i % 2}`, cluster, language, logprobs: [-1, -2] }).item;
  }),
);
const WHOLE = { task: 'mcq', items: ITEMS, examples: [] };
const SPLIT = { part: 'test', by: 'question', dev1: 10, dev2: 10 } as const;
const clusters = (items: readonly Item[]) => new Set(items.map(({ cluster }) => cluster));
const shared = (a: readonly Item[], b: readonly Item[]) => [...clusters(a)].filter((c) => clusters(b).has(c));

describe('the part of a task that is asked', () => {
  it('is all of it unless a split is told', () => {
    const part = partOf(WHOLE, undefined, { seed: 1, shots: 0 });
    expect(part).toEqual({ items: ITEMS, examples: [], notes: [] });
    expect(partKey(undefined)).toBeNull();
  });

  it('has whole questions by default, and says how many leak otherwise', () => {
    const parts = (['dev1', 'dev2', 'test'] as const).map(
      (part) => partOf(WHOLE, { ...SPLIT, part }, { seed: 1, shots: 0 }).items,
    );
    expect(parts.map(({ length }) => length)).toEqual([20, 20, 120]);
    expect(shared(parts[0]!, parts[2]!)).toEqual([]);
    const byItem = partOf(WHOLE, { ...SPLIT, by: 'item' }, { seed: 1, shots: 0 });
    expect(byItem.notes.join()).toMatch(
      /split by item: [1-9]\d* of 40 questions are in more than one part, so that what is reported leaks/,
    );
  });

  it('takes examples from Dev1 where the task has none, from Dev2 for Dev1, the same questions in each language', () => {
    const asked = partOf(WHOLE, SPLIT, { seed: 1, shots: 3 });
    const dev1 = partOf(WHOLE, { ...SPLIT, part: 'dev1' }, { seed: 1, shots: 3 });
    expect(asked.examples).toEqual(dev1.items);
    expect(dev1.examples).toEqual(partOf(WHOLE, { ...SPLIT, part: 'dev2' }, { seed: 1, shots: 0 }).items);
    const ids = (language: string) =>
      asked.examples.filter((item) => item.language === language).map(({ id }) => id);
    expect(ids('es')).toEqual(ids('ko'));
    expect(asked.notes.at(-1)).toBe('examples are the items of dev1, as there are none beside the items');
  });

  it('never shows a variant of a question that is asked', () => {
    const { items, examples, notes } = partOf(WHOLE, { ...SPLIT, by: 'item' }, { seed: 1, shots: 1 });
    expect(shared(items, examples)).toEqual([]);
    expect(notes.at(-1)).toMatch(/items of dev1, .*; \d+ of them, whose questions are asked, are not$/);
  });

  it('leaves a task its own examples', () => {
    const examples = [made({ id: 'shown', logprobs: [-1, -2] }).item];
    expect(partOf({ ...WHOLE, examples }, SPLIT, { seed: 1, shots: 1 }).examples).toEqual(examples);
  });

  it('of a task without examples and without a split refuses to show any', () => {
    expect(() => partOf(WHOLE, undefined, { seed: 1, shots: 2 })).toThrow(
      'mcq has no examples of its own, and 2 are asked for: with a split they are taken from a part that is not asked',
    );
  });

  it('stands in the key with all that decides it', () => {
    expect(partKey({ ...SPLIT, by: 'item' })).toBe('test by item of 10 + 10');
  });
});
