/**
 * A pack whose steered tokens may stand in it several times over: what steering changes of a pack is a copy of these tokens, which
 * goes on from the same prompts.
 *
 * Shape letters: T tokens of the pack, R of them that steering changes.
 */
import type { Pack } from './pack.ts';

/** The pack with its pieces cut where steering begins, and what a copy is. */
export interface Growing {
  positions_T: Int32Array;
  segments_T: Int32Array;
  /** By segment id, the segment that it goes on from. */
  parents: readonly number[];
  /** Places in the pack of what steering changes and an answer needs: from the end of each prompt on, in order. */
  changed_R: Int32Array;
  /** 1 for those that a vector is added to; the others only stand behind such a token. */
  steered_R: Uint8Array;
}

/** Cuts the pieces of a pack. */
export function growing(pack: Pack): Growing {
  const { segments_T, positions_T, parents, fromPromptEnd_T, numTokens } = pack;
  const isNeeded = neededIn(pack);
  const segments = new Int32Array(numTokens);
  const made: number[] = [0];
  // Of each piece its last segment, which others go on from, and whether steering has begun in it or before.
  const ends = new Map<number, { segment: number; isChanged: boolean }>();
  const changed: number[] = [];
  for (let t = 0; t < numTokens; ) {
    const piece = segments_T[t]!;
    let above = ends.get(parents[piece] ?? 0) ?? { segment: 0, isChanged: false };
    let open = 0;
    for (; t < numTokens && segments_T[t] === piece; t++) {
      const isChanged = above.isChanged || fromPromptEnd_T[t] === 1;
      if (open === 0 || isChanged !== above.isChanged) {
        open = made.push(above.segment) - 1;
        above = { segment: open, isChanged };
      }
      segments[t] = open;
      if (isChanged && isNeeded(t)) changed.push(t);
    }
    ends.set(piece, above);
  }
  return {
    ...{ positions_T, segments_T: segments, parents: made },
    changed_R: Int32Array.from(changed),
    steered_R: Uint8Array.from(changed, (t) => fromPromptEnd_T[t]!),
  };
}

/** The last token of an option predicts nothing, and nothing goes on from it. */
function neededIn({ segments_T, parents, scored }: Pack): (t: number) => boolean {
  const asked = new Set(scored.flat().flatMap(({ rows }) => rows));
  const isParent = new Set(parents);
  return (t) => asked.has(t) || segments_T[t + 1] === segments_T[t] || isParent.has(segments_T[t]!);
}

/** Positions, segments and parents of the pack with so many copies of its changed tokens behind it. */
export function grown(
  { positions_T, segments_T, parents, changed_R }: Growing,
  copies: number,
): { positions: Int32Array; segments: Int32Array; parents: Int32Array } {
  const [T, R] = [positions_T.length, changed_R.length];
  const positions = new Int32Array(T + copies * R);
  const segments = new Int32Array(T + copies * R);
  positions.set(positions_T);
  segments.set(segments_T);
  const all = [...parents];
  for (let copy = 0; copy < copies; copy++) {
    const copied = new Map<number, number>();
    for (const [r, t] of changed_R.entries()) {
      const of = segments_T[t]!;
      let own = copied.get(of);
      if (own === undefined) {
        const above = parents[of]!;
        own = all.push(copied.get(above) ?? above) - 1;
        copied.set(of, own);
      }
      positions[T + copy * R + r] = positions_T[t]!;
      segments[T + copy * R + r] = own;
    }
  }
  return { positions, segments, parents: Int32Array.from(all) };
}
