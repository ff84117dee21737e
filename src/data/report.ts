/** What is found wrong with a row while it is read, and which of its fields are passed over. */
import type { Problem } from '../errors.ts';
import { type Level, useOf } from './keys.ts';
import type { Place } from './row.ts';

/** Collects the problems of one line, and the fields that nothing is made of. */
export class RowReport {
  readonly problems: Problem[] = [];
  /** Fields that are not read and not known to say nothing, such as `difficulty` or `messages[].mood`. */
  readonly unread = new Set<string>();
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Notes a problem with the row; `undefined`, so that a reader can return it in place of a value. */
  refuse(message: string, hint?: string): undefined {
    this.problems.push({ ...this.#place, message, ...(hint === undefined ? {} : { hint }) });
  }

  /**
   * Holds every field against the known ones. `at` goes before a field's name in a problem
   * (`messages[1].`), `group` in the list of what is not read (`messages[].`).
   */
  fields(value: Record<string, unknown>, level: Level, at = '', group = at): void {
    for (const [key, field] of Object.entries(value)) {
      const found = useOf(key, level);
      if (found.use === 'read' || found.use === 'inert' || isEmpty(field)) continue;
      if (found.use === 'refused') this.refuse(`${at}${key} cannot be used: ${found.reason}`);
      else if (found.use === 'misspelt') {
        // What is missing for it may have been reported with this very hint.
        if (!this.problems.some(({ hint }) => hint?.endsWith(` for \`${key}\``)))
          this.refuse(`unknown field ${at}${key}`, found.hint);
      } else this.unread.add(`${group}${key}`);
    }
  }
}

/** A field that is there and says nothing, as exports of tables have one for every column that a row lacks. */
export function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** The fields that are not null: null is how tables write "not there". */
export function present(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

/** Is it a JSON object? */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Is it a string with more than blanks in it? */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

/** A value of the wrong type, in words or as it stands. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}..` : text;
}
