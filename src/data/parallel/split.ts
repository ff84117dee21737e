/** Holds instructions out so that no translation of them is trained on. */
import { createHash } from 'node:crypto';
import type { Instruction } from './instructions.ts';

/** The two sides of a split, each in the order of the items. */
export interface InstructionSplit {
  train: Instruction[];
  heldOut: Instruction[];
}

/**
 * Holds out about `fraction` of the ids. All languages of an id are on one side, and so are ids that share a prompt in any
 * language: several replies to one question, or questions that are the same once translated. The side depends on the seed
 * and the ids alone, not on the order of the rows.
 */
export function splitInstructions(
  items: readonly Instruction[],
  fraction: number,
  seed: number,
): InstructionSplit {
  const groups = groupsOf(items);
  const split: InstructionSplit = { train: [], heldOut: [] };
  for (const item of items) {
    const isHeldOut = position(`${seed}/${groups.get(item.id)}`) < fraction;
    (isHeldOut ? split.heldOut : split.train).push(item);
  }
  return split;
}

/** For each id the smallest id that it is joined with, by way of shared prompts. */
function groupsOf(items: readonly Instruction[]): Map<string, string> {
  const parents = new Map<string, string>();
  const rootOf = (id: string): string => {
    let root = id;
    for (let up = parents.get(root); up !== undefined && up !== root; up = parents.get(root)) root = up;
    parents.set(id, root);
    return root;
  };
  const firstWith = new Map<string, string>();
  for (const { id, lang, xEn, xXx } of items) {
    for (const prompt of [`en ${xEn.trim()}`, `${lang} ${xXx.trim()}`]) {
      const [a, b] = [rootOf(id), rootOf(firstWith.get(prompt) ?? id)];
      firstWith.set(prompt, id);
      const [low, high] = a < b ? [a, b] : [b, a];
      parents.set(high, low);
    }
  }
  return new Map(items.map(({ id }) => [id, rootOf(id)]));
}

/** Where a text falls in [0, 1). */
function position(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
