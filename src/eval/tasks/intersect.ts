/** Keeps the questions that all languages have: figures of languages compare only on the same ones. */
import { UserError } from '../../errors.ts';
import type { Item } from '../item.ts';

/** What is kept, in the order it was in, and what was left out, by language. */
export interface Intersection {
  items: Item[];
  notes: string[];
}

/**
 * Items whose id is there in all languages of its group.
 *
 * @param languages those that were asked for
 * @param groupOf questions that are not asked in all languages form groups, such as the regions of BLEnD, each asked in its own
 *   language and English: a group's languages are those that it has items in. One group by default, of all languages.
 * @param file for errors
 * @throws UserError if no question is left, or a language has none at all
 */
export function intersect(
  items: readonly Item[],
  languages: readonly string[],
  file: string,
  groupOf?: (item: Item) => string,
): Intersection {
  const missing = languages.filter((language) => !items.some((item) => item.language === language));
  if (missing.length > 0) throw new UserError({ file, message: `has no question in ${missing.join(', ')}` });
  const languagesOf = new Map<string, Set<string>>();
  const has = new Map<string, Set<string>>();
  for (const item of items) {
    const group = groupOf?.(item) ?? '';
    if (!languagesOf.has(group)) languagesOf.set(group, new Set(groupOf ? [] : languages));
    languagesOf.get(group)!.add(item.language);
    if (!has.has(item.id)) has.set(item.id, new Set());
    has.get(item.id)!.add(item.language);
  }
  const kept = items.filter(
    (item) => has.get(item.id)!.size === languagesOf.get(groupOf?.(item) ?? '')!.size,
  );
  if (kept.length === 0) {
    const message = `no id of a question is there in all of ${languages.join(', ')}`;
    throw new UserError({ file, message });
  }
  const notes = languages.flatMap((language) => {
    const all = items.filter((item) => item.language === language);
    const left = all.length - kept.filter((item) => item.language === language).length;
    if (left === 0) return [];
    const absent = languages.filter((other) =>
      all.some((item) => languagesOf.get(groupOf?.(item) ?? '')!.has(other) && !has.get(item.id)!.has(other)),
    );
    return [`${language}: ${left} of ${all.length} questions are left out, absent in ${absent.join(', ')}`];
  });
  return { items: kept, notes };
}
