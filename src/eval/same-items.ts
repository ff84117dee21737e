/** Two results are compared item by item: they must be of the same items. */
import { type Problem, UserError } from '../errors.ts';
import { groupBy } from './group.ts';
import type { ScoredItem } from './item.ts';

/** What a model made of a set of items. */
export interface Result {
  /** As tables and errors name it. */
  name: string;
  items: readonly ScoredItem[];
}

/** An item as both have scored it. */
export interface ItemPair {
  a: ScoredItem;
  b: ScoredItem;
}

/** So many ids are shown as examples. */
const SHOWN = 3;

/**
 * Items of two results in pairs, in the order of the first.
 *
 * @throws UserError naming counts, by language, of items that only one of them has, that one has twice, or that differ in
 *   options, right option or cluster
 */
export function pairItems(a: Result, b: Result): ItemPair[] {
  const [inA, inB] = [byKey(a), byKey(b)];
  const problems = [
    ...missing(
      a,
      b,
      [...inA.keys()].filter((key) => !inB.has(key)),
      inA,
    ),
    ...missing(
      b,
      a,
      [...inB.keys()].filter((key) => !inA.has(key)),
      inB,
    ),
  ];
  if (problems.length > 0) {
    const both = [...inA.keys()].filter((key) => inB.has(key)).length;
    const counts = `${a.name} has ${inA.size} items, ${b.name} ${inB.size}, and ${both} are in both`;
    throw new UserError([
      { message: `only results of the same items can be compared: ${counts}` },
      ...problems,
    ]);
  }
  const pairs = [...inA].map(([key, scored]) => ({ a: scored, b: inB.get(key)! }));
  const changed = pairs.filter((pair) => !isSameQuestion(pair));
  if (changed.length > 0) {
    const examples = shown(changed.map((pair) => pair.a));
    throw new UserError(
      `${changed.length} of ${pairs.length} items of ${a.name} and ${b.name} have the same id, but other options, another right one or another cluster: ${examples}`,
    );
  }
  return pairs;
}

/** By language and id. @throws UserError if two are alike */
function byKey({ name, items }: Result): Map<string, ScoredItem> {
  const found = new Map<string, ScoredItem>();
  const twice: ScoredItem[] = [];
  for (const scored of items) {
    const key = `${scored.item.language}\0${scored.item.id}`;
    if (found.has(key)) twice.push(scored);
    found.set(key, scored);
  }
  if (twice.length === 0) return found;
  throw new UserError(`${name} has ${twice.length} of ${items.length} items more than once: ${shown(twice)}`);
}

function missing(
  a: Result,
  b: Result,
  keys: readonly string[],
  items: ReadonlyMap<string, ScoredItem>,
): Problem[] {
  const only = groupBy(
    keys.map((key) => items.get(key)!),
    ({ item }) => item.language,
  );
  return [...only].map(([language, some]) => ({
    message: `${some.length} of ${language} are in ${a.name} and not in ${b.name}: ${shown(some)}`,
  }));
}

function shown(items: readonly ScoredItem[]): string {
  const ids = items.slice(0, SHOWN).map(({ item }) => `${item.language} ${item.id}`);
  return `${ids.join(', ')}${items.length > SHOWN ? ', ..' : ''}`;
}

function isSameQuestion({ a: { item: a }, b: { item: b } }: ItemPair): boolean {
  return (
    a.gold === b.gold &&
    a.cluster === b.cluster &&
    a.options.length === b.options.length &&
    a.options.every((option, i) => option === b.options[i])
  );
}
