/** `key=value` and `~key` on the command line, applied to a recipe before it is validated. */
import { existsSync } from 'node:fs';
import { parseDocument, visit } from 'yaml';
import type { Problem } from '../errors.ts';
import type { Origin } from './place.ts';
import { type Json, removeAt, setAt } from './reach.ts';

/** Recipe with overrides, which path each one set, and what could not be read. */
export interface Overridden {
  value: unknown;
  origins: Origin[];
  problems: Problem[];
}

/** Is a word of the command line an override, and not the name of a recipe? Unless it is a file, it is if it has a `=`. */
export function isOverride(word: string): boolean {
  return (word.includes('=') || /^~[^/]+$/.test(word)) && !existsSync(word);
}

/** What is set from the command line: an override as typed, or an option of a verb. */
export type Setting = string | FlagSetting;

/** An option that sets a field. */
export interface FlagSetting {
  /** As typed: `--limit 5`. */
  shown: string;
  /** Changes the recipe; the path that it has set, or what is wrong with it. */
  apply(root: Json): readonly string[] | { wrong: string };
}

/**
 * Applies overrides in order to a copy of `recipe`.
 *
 * `a.b=v` sets a value, `a.0.b=v` reaches into a list (`a.b=v` too, if it has one element), `~a.b` takes a key out so
 * that its default holds. Values are read as YAML, so `lr=1e-5` is a number, `betas=[0.9,0.95]` a list, `eval=null`
 * nothing and `name='007'` text; everything after the first `=` is the value.
 */
export function applyOverrides(recipe: unknown, overrides: readonly Setting[]): Overridden {
  let value = structuredClone(recipe ?? {}) as Json;
  const origins: Origin[] = [];
  const problems: Problem[] = [];
  for (const text of overrides) {
    // What is made on the way to a place that is not there must not be found wrong, too.
    const changed = structuredClone(value);
    if (typeof text !== 'string') {
      const path = text.apply(changed);
      if ('wrong' in path) {
        problems.push({ file: text.shown, message: path.wrong });
        continue;
      }
      origins.push({ shown: text.shown, path });
    } else {
      const problem = applyOne(changed, text, origins);
      if (problem !== undefined) {
        problems.push({ file: `override ${text}`, message: problem });
        continue;
      }
    }
    value = changed;
  }
  return { value, origins, problems };
}

/** @returns what is wrong with the override, if anything is; then it has changed nothing. */
function applyOne(root: Json, text: string, origins: Origin[]): string | undefined {
  const removes = text.startsWith('~');
  const equals = text.indexOf('=');
  const spelled = removes ? text.slice(1) : text.slice(0, Math.max(0, equals));
  const path = spelled.split('.').map((key) => key.trim());
  if (path.some((key) => key === '') || (removes ? equals !== -1 : equals === -1))
    return 'an override is key=value, or ~key to remove one';
  if (/\[-?\d+\]/.test(spelled))
    return `a position in a list is written with a dot: ${spelled.replaceAll(/\[(-?\d+)\]/g, '.$1')}`;
  if (path.some((key) => key === '__proto__')) return 'unknown key __proto__';
  if (removes) return removeAt(root, path);
  const parsed = parseValue(text.slice(equals + 1));
  if (typeof parsed === 'string') return parsed;
  const problem = setAt(root, path, parsed.value);
  if (problem === undefined) origins.push({ shown: `override ${text}`, path });
  return problem;
}

/** A value as YAML, or why it is none. */
export function parseValue(source: string): { value: Json } | string {
  if (source.trim() === '') return 'the value is missing; `null` is nothing, `""` an empty text';
  const document = parseDocument(source, { version: '1.2', schema: 'core' });
  const error = document.errors[0] ?? document.warnings[0];
  if (error) return `the value is not YAML: ${firstLine(error.message)}`;
  const value = document.toJS({ maxAliasCount: 0 }) as Json;
  if (/(^|\s)#/.test(source) && hasComment(document))
    return `" #" begins a comment in YAML; quote the value: "${source.trim().replaceAll(/["\\]/g, '\\$&')}"`;
  return { value };
}

function hasComment(document: ReturnType<typeof parseDocument>): boolean {
  let found = Boolean(document.comment || document.commentBefore);
  visit(document, {
    Node: (_, { comment, commentBefore }) => {
      found ||= Boolean(comment || commentBefore);
    },
  });
  return found;
}

/** First line of a message of the YAML parser, without its picture of the place. */
export function firstLine(message: string): string {
  return message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
}
