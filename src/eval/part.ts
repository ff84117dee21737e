/** The part of a task's items that is asked, and the examples that its prompts begin with. */
import { UserError } from '../errors.ts';
import type { Item } from './item.ts';
import { type EvalSplit, splitItems } from './tasks/splits.ts';

/** Which part of the items is asked. */
export interface PartSettings {
  part: 'dev1' | 'dev2' | 'test';
  by: 'question' | 'item';
  /** Items of a language in Dev1 and in Dev2. */
  dev1: number;
  dev2: number;
}

/** What a task gives to be asked. */
export interface Part {
  items: Item[];
  /** Of each language those that prompts may begin with. */
  examples: Item[];
  /** For the user: sizes of the parts and how many questions leak; what the examples are. */
  notes: string[];
}

/** What there is of a task. */
export interface Whole {
  task: string;
  items: Item[];
  /** The task's own. */
  examples: Item[];
}

/**
 * Takes a part of the items, or all of them. A task without examples of its own has them from Dev1, for Dev1 itself from Dev2;
 * never a variant or a translation of a question that is asked.
 *
 * @param settings undefined for all items
 * @throws UserError if examples are asked for, and there are none
 */
export function partOf(
  { task, items, examples }: Whole,
  settings: PartSettings | undefined,
  { seed, shots }: { seed: number; shots: number },
): Part {
  if (settings === undefined) {
    if (shots > 0 && examples.length === 0)
      throw new UserError(
        `${task} has no examples of its own, and ${shots} are asked for: with a split they are taken from a part that is not ` +
          'asked; split test has them from Dev1',
      );
    return { items, examples, notes: [] };
  }
  const split = splitItems(items, { seed, ...settings });
  const asked = split[settings.part];
  if (asked.length === 0)
    throw new UserError(`${task}: ${settings.part} of ${items.length} items has none; ask another split`);
  if (shots === 0 || examples.length > 0) return { items: asked, examples, notes: split.notes };
  return { items: asked, ...examplesFrom(split, settings.part) };
}

function examplesFrom(split: EvalSplit, part: PartSettings['part']): { examples: Item[]; notes: string[] } {
  const from = part === 'dev1' ? 'dev2' : 'dev1';
  const clusters = new Set(split[part].map(({ cluster }) => cluster));
  const examples = split[from].filter(({ cluster }) => !clusters.has(cluster));
  const left = split[from].length - examples.length;
  const leaking = left > 0 ? `; ${left} of them, whose questions are asked, are not` : '';
  return {
    examples,
    notes: [
      ...split.notes,
      `examples are the items of ${from}, as there are none beside the items${leaking}`,
    ],
  };
}

/** The part as it stands in the key of results: what decides which items are asked and which are examples. */
export function partKey(settings: PartSettings | undefined): string | null {
  if (settings === undefined) return null;
  const { part, by, dev1, dev2 } = settings;
  return `${part} by ${by} of ${dev1} + ${dev2}`;
}
