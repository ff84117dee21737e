import { describe, expect, it } from 'vitest';
import type { Item } from '../../../src/eval/item.ts';
import { type EvalSplit, splitItems } from '../../../src/eval/tasks/splits.ts';

/** Questions of some variants each. */
const itemsOf = (language: string, questions: number, variants: number): Item[] =>
  Array.from({ length: questions * variants }, (_, index) => ({
    id: `q${Math.floor(index / variants)}_${index % variants}`,
    language,
    question: 'q',
    options: ['a', 'b'],
    gold: 0,
    cluster: `q${Math.floor(index / variants)}`,
    metadata: {},
    doc: {},
    place: { file: 'q.jsonl', line: index + 1 },
  }));
const PARTS = ['dev1', 'dev2', 'test'] as const;
const sizes = (split: EvalSplit) => PARTS.map((part) => split[part].length);
const clusters = (items: readonly Item[]) => new Set(items.map(({ cluster }) => cluster));

describe('Dev1, Dev2 and Test', () => {
  it('are 100, 100 and the rest of each language, and hold the same questions in all', () => {
    const split = splitItems([...itemsOf('es', 400, 1), ...itemsOf('ko', 400, 1)], { seed: 1 });
    expect(sizes(split)).toEqual([200, 200, 400]);
    for (const part of PARTS) {
      const of = (language: string) =>
        split[part].filter((item) => item.language === language).map(({ id }) => id);
      expect(of('es')).toEqual(of('ko'));
    }
  });

  it('share no question by default, whatever its variants', () => {
    const split = splitItems(itemsOf('es', 300, 7), { seed: 1 });
    // The last question of a part is taken whole: 15 of 7.
    expect(sizes(split)).toEqual([105, 105, 1890]);
    expect(split.leaking).toBe(0);
    for (const cluster of clusters(split.test)) {
      expect(clusters(split.dev1).has(cluster)).toBe(false);
      expect(clusters(split.dev2).has(cluster)).toBe(false);
    }
    expect(split.notes).toContain('split by question: 0 of 300 questions are in more than one part');
  });

  it('split by item are exact, and say how many questions leak', () => {
    const items = itemsOf('es', 300, 7);
    const split = splitItems(items, { seed: 1, by: 'item' });
    expect(sizes(split)).toEqual([100, 100, 1900]);
    const dev = new Set([...clusters(split.dev1), ...clusters(split.dev2)]);
    const leaking = [...clusters(items)].filter((cluster) => {
      const parts = PARTS.filter((part) => clusters(split[part]).has(cluster));
      return parts.length > 1;
    }).length;
    expect(split.leaking).toBe(leaking);
    expect(leaking).toBeGreaterThan(dev.size / 2);
    expect(split.notes.at(-1)).toMatch(new RegExp(`^split by item: ${leaking} of 300 questions .* leaks`));
  });

  it('are a matter of the seed', () => {
    const items = itemsOf('es', 400, 1);
    const dev1 = (seed: number) => splitItems(items, { seed }).dev1.map(({ id }) => id);
    expect(dev1(1)).toEqual(dev1(1));
    expect(dev1(1)).not.toEqual(dev1(2));
  });

  it('take at most a quarter each of a small set, and say so', () => {
    const split = splitItems(itemsOf('el', 40, 1), { seed: 1 });
    expect(sizes(split)).toEqual([10, 10, 20]);
    expect(split.notes[0]).toBe('el has 40 items: no more than 10 of them are in each of Dev1 and Dev2');
  });
});
