/** Holds rows out for evaluation by what they say, not by where they stand. */
import { createHash } from 'node:crypto';
import { type Row, splitKey } from './row.ts';

/** The two sides of a split, each in the data set's order. */
export interface Split {
  train: Row[];
  heldOut: Row[];
}

/**
 * Holds out about `fraction` of the rows: those whose opening prompt hashes below it. A row's side depends on its
 * text alone, so it stays where it is when rows are added, removed, reordered or the seed changes, and no prompt
 * is on both sides.
 */
export function splitRows(rows: readonly Row[], fraction: number): Split {
  const split: Split = { train: [], heldOut: [] };
  for (const row of rows) (position(row) < fraction ? split.heldOut : split.train).push(row);
  return split;
}

/** Where the row's prompt falls in [0, 1). */
function position(row: Row): number {
  return createHash('sha256').update(splitKey(row)).digest().readUInt32BE(0) / 2 ** 32;
}
