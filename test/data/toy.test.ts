import { describe, expect, it } from 'vitest';
import { splitKey } from '../../src/data/row.ts';
import { TOY_LANGUAGES, toyRows } from '../../src/data/toy.ts';

describe('builtin:toy', () => {
  const rows = toyRows(1);

  it('is the same for a seed, and only reordered by another', () => {
    expect(toyRows(1)).toEqual(rows);
    const other = toyRows(2);
    expect(other).not.toEqual(rows);
    expect(other.map(splitKey).sort()).toEqual(rows.map(splitKey).sort());
  });

  it('has seven languages alike: 100 sums, 10 numbers, 8 greetings, 6 colours each', () => {
    expect(TOY_LANGUAGES).toEqual(['en', 'es', 'id', 'ko', 'el', 'zh', 'ar']);
    expect(rows).toHaveLength(7 * (100 + 10 + 8 + 6));
    expect(new Set(rows.map(splitKey)).size).toBe(rows.length);
  });

  it('leaves no slot unfilled and adds correctly', () => {
    for (const row of rows) {
      if (row.kind !== 'pair') throw new Error('toy rows are pairs');
      expect(row.prompt + row.completion).not.toMatch(/[{}]|undefined/);
      const sum = row.prompt.match(/(\d) \+ (\d)/);
      if (sum) expect(Number(row.completion.match(/\d+/)?.[0])).toBe(Number(sum[1]) + Number(sum[2]));
    }
  });
});
