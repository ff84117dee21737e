import { describe, expect, it } from 'vitest';
import { packTree } from '../../../src/data/index.ts';
import { growing, grown } from '../../../src/eval/scoring/grow.ts';
import type { Pack } from '../../../src/eval/scoring/pack.ts';

/** A root of two tokens, a prompt of three behind it, and two options of two and one; all from the prompt's last on are asked. */
function pack(marks: readonly number[], rows = [4, 5, 6, 7], numTokens = 8): Pack {
  const batch = packTree([
    { ids: [1, 2] },
    { ids: [3, 4, 5], parent: 0 },
    { ids: [6, 7], parent: 1 },
    { ids: [8], parent: 1 },
  ]);
  const fromPromptEnd_T = new Uint8Array(numTokens);
  for (const t of marks) fromPromptEnd_T[t] = 1;
  return { ...batch, scored: [[{ rows, labels: rows }]], fromPromptEnd_T };
}

describe('a pack that grows', () => {
  it('is cut where steering begins, and its copies go on from what is before', () => {
    const base = growing(pack([4, 5, 6, 7]));
    // The prompt's last token is a segment of its own, which the options go on from.
    expect([...base.segments_T]).toEqual([1, 1, 2, 2, 3, 4, 4, 5]);
    expect(base.parents).toEqual([0, 0, 1, 2, 3, 3]);
    expect([...base.changed_R]).toEqual([4, 5, 6, 7]);
    const { positions, segments, parents } = grown(base, 2);
    expect([...segments.subarray(8)]).toEqual([6, 7, 7, 8, 9, 10, 10, 11]);
    // Behind the prompt's unchanged tokens (2), and among themselves.
    expect([...parents.subarray(6)]).toEqual([2, 6, 6, 2, 9, 9]);
    expect([...positions]).toEqual([0, 1, 2, 3, 4, 5, 6, 5, 4, 5, 6, 5, 4, 5, 6, 5]);
  });

  it('copies what stands behind a steered token, though it is not steered itself', () => {
    // Only the prompt's last token and an option's last are: the option's first still sees a steered one.
    const base = growing(pack([4, 6, 7]));
    expect([...base.changed_R]).toEqual([4, 5, 6, 7]);
    expect([...base.steered_R]).toEqual([1, 0, 1, 1]);
    const inRoot = growing(pack([1, 4, 5, 6, 7]));
    expect([...inRoot.changed_R]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([...inRoot.parents]).toEqual([0, 0, 1, 2, 3, 3]);
  });

  it('copies no last tokens of options, which predict nothing', () => {
    const base = growing(pack([4, 5, 6, 7], [4, 5]));
    expect([...base.changed_R]).toEqual([4, 5]);
    const { segments, parents } = grown(base, 1);
    expect([...segments.subarray(8)]).toEqual([6, 7]);
    expect([...parents.subarray(6)]).toEqual([2, 6]);
  });

  it('without copies is the pack, positions and all', () => {
    const made = pack([4, 5, 6, 7]);
    const { positions, parents } = grown(growing(made), 0);
    expect([...positions]).toEqual([...made.positions_T]);
    expect(parents).toHaveLength(6);
  });
});
