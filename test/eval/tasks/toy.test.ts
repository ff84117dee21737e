import { describe, expect, it } from 'vitest';
import { toy } from '../../../src/eval/tasks/toy.ts';

const read = (languages: string[] = [], seed = 1, path?: string) =>
  toy.read({ languages, seed, cwd: '.', options: {}, path });

describe('the task toy', () => {
  it('asks the same with the same options in all seven languages', async () => {
    const { items, examples } = await read();
    expect([items.length, examples.length]).toEqual([840, 28]);
    const english = new Map(items.filter(({ language }) => language === 'en').map((item) => [item.id, item]));
    for (const item of items) {
      expect(new Set(item.options).size).toBe(4);
      expect(item.options[item.gold]).toBe(item.doc.answer);
      expect(item.gold).toBe(english.get(item.id)!.gold);
    }
  });

  it('never asks an example', async () => {
    const { items, examples } = await read(['es']);
    const asked = new Set(items.map(({ id }) => id));
    expect(examples.map(({ metadata }) => metadata.kind)).toEqual(['sum', 'word', 'greeting', 'colour']);
    for (const { id } of examples) expect(asked.has(id)).toBe(false);
  });

  it('is a matter of the seed, and of nothing else', async () => {
    const [one, again, other] = [await read(['ko']), await read(['ko']), await read(['ko'], 2)];
    expect(one).toEqual(again);
    expect(one.items).not.toEqual(other.items);
    // Made of the same text all the same.
    expect(one.sources).toEqual(other.sources);
  });

  it('puts the right answer everywhere', async () => {
    const { items } = await read(['en']);
    for (const gold of [0, 1, 2, 3])
      expect(items.filter((item) => item.gold === gold).length).toBeGreaterThan(15);
  });

  it('is in no other language, and at no path', async () => {
    await expect(read(['fr'])).rejects.toThrow('toy is not in fr; it is in en, es, id, ko, el, zh, ar');
    await expect(read([], 1, 'toy.jsonl')).rejects.toThrow(
      'toy.jsonl: is not read: the task toy is made here',
    );
  });
});
