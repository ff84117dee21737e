import { expect, it } from 'vitest';
import { packTree } from '../../src/data/tree.ts';

it('packs pieces end to end, positions going on from what each goes on from', () => {
  const batch = packTree([
    { ids: [10, 11, 12] },
    { ids: [20, 21], parent: 0 },
    { ids: [30], parent: 1 },
    { ids: [40, 41], parent: 0 },
    { ids: [50, 51] },
  ]);
  expect([...batch.tokens_T]).toEqual([10, 11, 12, 20, 21, 30, 40, 41, 50, 51]);
  expect([...batch.positions_T]).toEqual([0, 1, 2, 3, 4, 5, 3, 4, 0, 1]);
  expect([...batch.segments_T]).toEqual([1, 1, 1, 2, 2, 3, 4, 4, 5, 5]);
  expect([...batch.parents]).toEqual([0, 0, 1, 2, 1, 0]);
  expect(batch.starts).toEqual([0, 3, 5, 6, 8]);
  expect(batch.numTokens).toBe(10);
});

it('refuses a piece without tokens, and one that stands before its parent', () => {
  expect(() => packTree([{ ids: [] }])).toThrow('piece 0 has no tokens');
  expect(() => packTree([{ ids: [1] }, { ids: [2], parent: 1 }])).toThrow('piece 1 goes on from 1');
});
