/** `key=value` and `~key` on the command line, applied to a recipe before it is validated. */
import { parseDocument } from 'yaml';
import type { Problem } from '../errors.ts';
import type { Origin } from './place.ts';

/** A JSON value under construction. */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Recipe with overrides, which path each one set, and what could not be read. */
export interface Overridden {
  value: unknown;
  origins: Origin[];
  problems: Problem[];
}

/**
 * Applies overrides in order to a copy of `recipe`.
 *
 * `a.b=v` sets a value, `a.0.b=v` reaches into a list, `~a.b` takes a key out so that its default holds. Values are
 * read as YAML, so `lr=1e-5` is a number, `betas=[0.9,0.95]` a list, `eval=null` nothing and `name='007'` text;
 * everything after the first `=` is the value.
 */
export function applyOverrides(recipe: unknown, overrides: readonly string[]): Overridden {
  const value = structuredClone(recipe ?? {}) as Json;
  const origins: Origin[] = [];
  const problems: Problem[] = [];
  for (const text of overrides) {
    const removes = text.startsWith('~');
    const equals = text.indexOf('=');
    const spelled = removes ? text.slice(1) : text.slice(0, Math.max(0, equals));
    const path = spelled.split('.').map((key) => key.trim());
    if (path.some((key) => key === '') || (removes ? equals !== -1 : equals === -1)) {
      problems.push({ file: `override ${text}`, message: 'an override is key=value, or ~key to remove one' });
      continue;
    }
    if (path.some((key) => key === '__proto__')) {
      problems.push({ file: `override ${text}`, message: 'unknown key __proto__' });
      continue;
    }
    if (removes) {
      if (!remove(value, path)) {
        problems.push({ file: `override ${text}`, message: `the recipe does not set ${spelled}` });
      }
      continue;
    }
    const source = text.slice(equals + 1);
    const parsed = parseDocument(source, { version: '1.2', schema: 'core' });
    const error = parsed.errors[0];
    if (error) {
      problems.push({
        file: `override ${text}`,
        message: `the value is not YAML: ${firstLine(error.message)}`,
      });
      continue;
    }
    origins.push({ text, path });
    set(value, path, parsed.toJS({ maxAliasCount: 0 }) as Json);
  }
  return { value, origins, problems };
}

/** First line of a message of the YAML parser, without its picture of the place. */
export function firstLine(message: string): string {
  return message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
}

function set(root: Json, path: string[], value: Json): void {
  let at: Json = root;
  for (const [i, key] of path.entries()) {
    if (at === null || typeof at !== 'object') return;
    if (i === path.length - 1) {
      (at as Record<string, Json>)[key] = value;
      return;
    }
    const next: Json | undefined = Object.hasOwn(at, key) ? (at as Record<string, Json>)[key] : undefined;
    if (next === undefined || next === null || typeof next !== 'object')
      (at as Record<string, Json>)[key] = {};
    at = (at as Record<string, Json>)[key]!;
  }
}

function remove(root: Json, path: string[]): boolean {
  let at: Json | undefined = root;
  for (const key of path.slice(0, -1)) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, key)) return false;
    at = (at as Record<string, Json>)[key];
  }
  const last = path.at(-1)!;
  if (at === undefined || at === null || typeof at !== 'object' || !Object.hasOwn(at, last)) return false;
  if (Array.isArray(at)) at.splice(Number(last), 1);
  else delete at[last];
  return true;
}
