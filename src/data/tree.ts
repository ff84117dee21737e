/**
 * Packs texts that go on from each other: what several continuations share is in the row once, and each sees it as if it
 * stood right behind it.
 *
 * Shape letters: T tokens of the micro-batch.
 */

/** A piece of text, and the one that it goes on from. */
export interface Piece {
  /** At least one. */
  ids: ArrayLike<number>;
  /** Index of a piece before it. */
  parent?: number;
}

/** Pieces end to end in one row. */
export interface TreeBatch {
  tokens_T: Int32Array;
  /** Places in what each token sees: those of a piece go on from its parent's. */
  positions_T: Int32Array;
  /** 1, 2, 3.. for the pieces. */
  segments_T: Int32Array;
  /** By segment id, the segment that it goes on from; 0 for none. */
  parents: Int32Array;
  /** Index into T of the first token of each piece. */
  starts: readonly number[];
  numTokens: number;
}

/** @throws Error for a piece without tokens, or before its parent */
export function packTree(pieces: readonly Piece[]): TreeBatch {
  const numTokens = pieces.reduce((sum, { ids }) => sum + ids.length, 0);
  const batch = {
    tokens_T: new Int32Array(numTokens),
    positions_T: new Int32Array(numTokens),
    segments_T: new Int32Array(numTokens),
    parents: new Int32Array(pieces.length + 1),
    starts: [] as number[],
    numTokens,
  };
  const ends: number[] = [];
  let start = 0;
  for (const [index, { ids, parent }] of pieces.entries()) {
    if (ids.length === 0) throw new Error(`piece ${index} has no tokens`);
    if (parent !== undefined && !(parent >= 0 && parent < index))
      throw new Error(`piece ${index} goes on from ${parent}, which is not before it`);
    const first = parent === undefined ? 0 : ends[parent]!;
    batch.tokens_T.set(ids, start);
    batch.segments_T.fill(index + 1, start, start + ids.length);
    for (let i = 0; i < ids.length; i++) batch.positions_T[start + i] = first + i;
    if (parent !== undefined) batch.parents[index + 1] = parent + 1;
    batch.starts.push(start);
    ends.push(first + ids.length);
    start += ids.length;
  }
  return batch;
}

/** How many tokens all lists begin with alike. */
export function commonPrefix(lists: readonly ArrayLike<number>[]): number {
  const [first, ...others] = lists;
  let length = first!.length;
  for (const other of others) {
    let same = 0;
    while (same < length && same < other.length && first![same] === other[same]) same++;
    length = same;
  }
  return length;
}
