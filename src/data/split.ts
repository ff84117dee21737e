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
 * is on both sides. Translations, which share an id, are on one side: that of the prompt that sorts first.
 */
export function splitRows(rows: readonly Row[], fraction: number): Split {
  const split: Split = { train: [], heldOut: [] };
  const keyOf = groupKeys(rows);
  for (const row of rows) (position(keyOf(row)) < fraction ? split.heldOut : split.train).push(row);
  return split;
}

/** For each row the first of the prompts that it is joined with, by way of ids and of prompts that are the same. */
function groupKeys(rows: readonly Row[]): (row: Row) => string {
  const parents = new Map<string, string>();
  const rootOf = (key: string): string => {
    let root = key;
    for (let up = parents.get(root); up !== undefined; up = parents.get(root)) root = up;
    if (root !== key) parents.set(key, root);
    return root;
  };
  const firstOf = new Map<string, string>();
  for (const row of rows) {
    if (row.id === undefined) continue;
    const [a, b] = [rootOf(splitKey(row)), rootOf(firstOf.get(row.id) ?? splitKey(row))];
    firstOf.set(row.id, splitKey(row));
    if (a !== b) parents.set(a < b ? b : a, a < b ? a : b);
  }
  return (row) => rootOf(splitKey(row));
}

/** Where a prompt falls in [0, 1). */
function position(key: string): number {
  return createHash('sha256').update(key).digest().readUInt32BE(0) / 2 ** 32;
}
