/** Figures by what the metadata of items says: subject, topic, culture label. */
import { closest, distance } from 'fastest-levenshtein';
import { UserError } from '../errors.ts';
import { groupBy } from './group.ts';
import type { Item, ScoredItem } from './item.ts';

/** The part of items that do not have the key. */
export const UNLABELLED = 'unlabelled';

/**
 * Items by their value of a metadata key, parts in sorted order; those without it, or with an empty value, are `unlabelled`.
 *
 * @throws UserError with the keys there are if no item has it
 */
export function splitBy(items: readonly ScoredItem[], key: string): Map<string, ScoredItem[]> {
  // Own keys only: metadata may come from a file, and `constructor` is no key of it.
  const value = ({ metadata }: Item) =>
    (Object.hasOwn(metadata, key) ? metadata[key] : undefined) || undefined;
  if (!items.some(({ item }) => value(item) !== undefined)) refuse(items, key);
  const parts = groupBy(items, ({ item }) => value(item) ?? UNLABELLED);
  return new Map([...parts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function refuse(items: readonly ScoredItem[], key: string): never {
  const keys = [...new Set(items.flatMap(({ item }) => Object.keys(item.metadata)))].sort();
  const near = keys.length > 0 ? closest(key, keys) : undefined;
  const hint = near !== undefined && distance(near, key) <= 3 ? { hint: near } : {};
  throw new UserError({
    message: `no item says ${JSON.stringify(key)}; items can be split by ${keys.join(', ') || 'nothing'}`,
    ...hint,
  });
}
