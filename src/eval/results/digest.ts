/** SHA-256 of texts and of values, whatever the order of their keys. */
import { createHash } from 'node:crypto';

/** In hex, of the UTF-8 bytes: lm-eval's `hash_string`. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * JSON without spaces, keys sorted by code unit at every depth; members that are undefined are left out. Equal values have
 * equal texts.
 *
 * @throws Error for numbers that JSON cannot hold: two of them would look alike
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`no JSON can hold ${value}`);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value).filter(([, part]) => part !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, part]) => `${JSON.stringify(key)}:${canonicalJson(part)}`).join(',')}}`;
}
