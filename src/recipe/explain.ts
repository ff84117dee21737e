/** Turns what the schema rejects into sentences: what was found, what is allowed, what was probably meant. */
import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import type { Problem } from '../errors.ts';
import type { Places } from './place.ts';
import type { Kind } from './schema.ts';
import { alternatives, fields, type JsonSchema, keysAt, type Path, schemaAt } from './shape.ts';

type Issue = z.core.$ZodIssue;

/** Problems for one issue; an issue may name several unknown keys. */
export function explain(issue: Issue, method: Kind, places: Places): Problem[] {
  const path = issue.path as (string | number)[];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      ...places.find([...path, key], 'key'),
      message: `unknown key ${dotted([...path, key])}`,
      hint: nearestKey(method, path, key),
    }));
  }
  const field = dotted(path);
  const found = issue.input;
  if (found === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value')) {
    const allowed = describe(schemaAt(method, path));
    return [
      { ...places.find(path.slice(0, -1), 'key'), message: `${field} is missing: it must be ${allowed}` },
    ];
  }
  const schema = schemaAt(method, path);
  const message =
    issue.code === 'custom' || issue.code === 'invalid_format'
      ? `${field}: ${issue.message}, found ${show(found)}`
      : `${field} must be ${describe(schema)}, found ${show(found)}`;
  return [{ ...places.find(path), message, hint: nearestValue(schema, found) }];
}

/** `data.train.0.path`, as overrides spell it. */
export function dotted(path: Path): string {
  return path.length === 0 ? 'the recipe' : path.join('.');
}

/** A value as the user would recognise it, cut if long. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** What a schema allows, as the end of "must be". */
export function describe(schema: JsonSchema | undefined): string {
  if (!schema) return 'something else';
  return [...new Set(alternatives(schema).map(describeOne))].join(' or ');
}

function describeOne(schema: JsonSchema): string {
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum)
    return schema.enum.length === 1 ? String(schema.enum[0]) : `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'null':
      return 'null';
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'text';
    case 'integer':
      return `a whole number${bounds(schema)}`;
    case 'number':
      return `a number${bounds(schema)}`;
    case 'array':
      return schema.prefixItems
        ? `a list of ${schema.prefixItems.length}: ${schema.prefixItems.map(describeOne).join(', ')}`
        : `a list with at least one element`;
    case 'object':
      return schema.properties ? `a mapping with ${Object.keys(schema.properties).join(', ')}` : 'a mapping';
    default:
      return 'something else';
  }
}

function bounds(schema: JsonSchema): string {
  const low =
    schema.minimum !== undefined
      ? `of at least ${schema.minimum}`
      : schema.exclusiveMinimum !== undefined
        ? `above ${schema.exclusiveMinimum}`
        : undefined;
  const high =
    schema.maximum !== undefined
      ? `at most ${schema.maximum}`
      : schema.exclusiveMaximum !== undefined
        ? `below ${schema.exclusiveMaximum}`
        : undefined;
  if (low && high) return ` ${low} and ${high}`;
  return low ? ` ${low}` : high ? ` of ${high}` : '';
}

/** The nearest of `choices` if it is near enough to be a misspelling: half of its letters, at most three, differ. */
export function nearest(word: string, choices: readonly string[]): string | undefined {
  if (choices.length === 0) return undefined;
  const best = closest(word, [...choices]);
  return distance(word, best) <= Math.min(3, Math.max(1, Math.floor(best.length / 2))) ? best : undefined;
}

/** A sibling with a similar name; else the full path of a field of this name elsewhere. */
function nearestKey(method: Kind, path: Path, key: string): string | undefined {
  const sibling = nearest(key, keysAt(method, path));
  if (sibling !== undefined) return sibling;
  const everywhere = fields(method).map((field) => field.path);
  const last = (full: string) => full.slice(full.lastIndexOf('.') + 1);
  const name = everywhere.map(last).includes(key) ? key : nearest(key, everywhere.map(last));
  return name === undefined ? undefined : everywhere.find((full) => last(full) === name);
}

/** A choice spelled similarly, or the number that a text begins with (`1e-5x`). */
function nearestValue(schema: JsonSchema | undefined, found: unknown): string | undefined {
  if (!schema || typeof found !== 'string') return undefined;
  const choices = alternatives(schema);
  const word = nearest(
    found,
    choices.flatMap((choice) => (choice.enum ?? [choice.const]).filter((value) => typeof value === 'string')),
  );
  if (word !== undefined) return word;
  if (!choices.some((choice) => choice.type === 'number' || choice.type === 'integer')) return undefined;
  // Thousands set apart, as other languages write them: 1_000.
  if (/^\s*[-+]?\d{1,3}([_,'’ ]\d{3})+\s*$/.test(found)) return found.replaceAll(/[^-+\d]/g, '');
  const number = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?(?=[^\d]*$)/i.exec(found)?.[0].trim();
  return number;
}
