import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/data/row.ts';
import { splitRows } from '../../src/data/split.ts';

const row = (prompt: string, completion = 'c'): Row => ({
  kind: 'pair',
  prompt,
  completion,
  place: { file: 'f', line: 1 },
});
const rows = Array.from({ length: 2000 }, (_, i) => row(`prompt ${i}`));

describe('splitRows', () => {
  it('holds out about the fraction asked for, and everything is on one side', () => {
    const { train, heldOut } = splitRows(rows, 0.1);
    expect(train.length + heldOut.length).toBe(2000);
    // 200 expected, standard deviation 13.4.
    expect(Math.abs(heldOut.length - 200)).toBeLessThan(60);
  });

  it('leaves a row on its side when rows are added, dropped and reordered', () => {
    const before = new Set(splitRows(rows, 0.2).heldOut.map((r) => JSON.stringify(r)));
    const { heldOut } = splitRows([row('new'), ...rows.slice(500)].toReversed(), 0.2);
    for (const held of heldOut)
      expect(before.has(JSON.stringify(held)) || JSON.stringify(held).includes('new')).toBe(true);
  });

  it('keeps replies to one prompt together', () => {
    const pairs = rows.flatMap((_, i) => [row(`prompt ${i}`, 'a'), row(`prompt ${i}`, 'b')]);
    const { heldOut } = splitRows(pairs, 0.3);
    const counts = new Map<string, number>();
    for (const held of heldOut)
      if (held.kind === 'pair') counts.set(held.prompt, (counts.get(held.prompt) ?? 0) + 1);
    expect(counts.size).toBeGreaterThan(400);
    for (const count of counts.values()) expect(count).toBe(2);
  });

  it('keeps the translations of a row together, and replies to one of them, whatever the order', () => {
    const made = Array.from({ length: 600 }, (_, i) =>
      ['es', 'ko', 'el'].map((lang) => ({ ...row(`${lang} ${i}`), lang, id: String(i) })),
    ).flat();
    // A second reply in Greek, under an id of its own.
    const again = Array.from({ length: 600 }, (_, i) => ({
      ...row(`el ${i}`, 'other'),
      lang: 'el',
      id: `again ${i}`,
    }));
    const held = (list: Row[]) =>
      splitRows(list, 0.3)
        .heldOut.map((one) => (one as { prompt: string }).prompt)
        .sort();
    const found = held([...made, ...again]);
    const numbers = new Map<string, number>();
    for (const prompt of found) {
      const number = prompt.split(' ')[1]!;
      numbers.set(number, (numbers.get(number) ?? 0) + 1);
    }
    expect(numbers.size).toBeGreaterThan(120);
    expect(numbers.size).toBeLessThan(240);
    expect(new Set(numbers.values())).toEqual(new Set([4]));
    expect(held([...again, ...made.toReversed()])).toEqual(found);
  });

  it('holds nothing out for a fraction of 0', () => {
    expect(splitRows(rows, 0).heldOut).toEqual([]);
  });
});
