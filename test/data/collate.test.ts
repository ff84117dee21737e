import { describe, expect, it } from 'vitest';
import { chunk, collate } from '../../src/data/collate.ts';
import type { Example } from '../../src/data/encode.ts';

const example = (ids: number[], target: number[]): Example => ({
  ids: Int32Array.from(ids),
  target: Uint8Array.from(target),
  numTargets: target.reduce((a, b) => a + b, 0),
});
const first = example([2, 10, 11, 12], [0, 0, 1, 1]);
const second = example([2, 20, 21], [0, 1, 1]);

describe('collate', () => {
  it('packs examples end to end with segments and restarting positions', () => {
    const batch = collate([first, second]);
    expect([...batch.tokens_T]).toEqual([2, 10, 11, 12, 2, 20, 21]);
    expect([...batch.positions_T]).toEqual([0, 1, 2, 3, 0, 1, 2]);
    expect([...batch.segments_T]).toEqual([1, 1, 1, 1, 2, 2, 2]);
    expect(batch.numTokens).toBe(7);
  });

  it('lists for each target the place before it and the token itself', () => {
    const batch = collate([first, second]);
    expect([...batch.rows_R]).toEqual([1, 2, 4, 5]);
    expect([...batch.labels_R]).toEqual([11, 12, 20, 21]);
  });

  it('pads with segment 0 and leaves rows and labels alone', () => {
    const batch = collate([first, second], 8, 99);
    expect([...batch.tokens_T]).toEqual([2, 10, 11, 12, 2, 20, 21, 99]);
    expect([...batch.segments_T].at(-1)).toBe(0);
    expect(batch.rows_R).toEqual(collate([first, second]).rows_R);
    expect(batch.numTokens).toBe(7);
  });
});

describe('chunk', () => {
  it('keeps the order and the rest', () => {
    expect(chunk([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  });
});
