/**
 * Typed reading of config.json's fields: a missing key gives its default, a wrong one a problem. For a number, null is
 * wrong as it is to transformers; a token id may be null, which says no more than its absence.
 */

import type { Problem } from '../errors.ts';

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads from the text part first, then from the whole file (multimodal files keep the token ids there). */
export class ConfigReader {
  readonly #text: Record<string, unknown>;
  readonly #whole: Record<string, unknown>;
  readonly #file: string;
  readonly #problems: Problem[];

  constructor(
    text: Record<string, unknown>,
    whole: Record<string, unknown>,
    file: string,
    problems: Problem[],
  ) {
    this.#text = text;
    this.#whole = whole;
    this.#file = file;
    this.#problems = problems;
  }

  problem(message: string): void {
    this.#problems.push({ file: this.#file, message });
  }

  /** A finite number > 0. */
  positive(key: string, fallback: number, from: Record<string, unknown> = this.#text): number {
    const value = from[key] === undefined ? fallback : from[key];
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    this.problem(`"${key}" must be a number above 0, found ${shown(value)}.`);
    return fallback;
  }

  /** A whole number in 1..limit. The default limit keeps every product of two sizes exact in a double. */
  positiveInteger(key: string, fallback: number, limit = 2 ** 26): number {
    const value = this.#text[key] === undefined ? fallback : this.#text[key];
    if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= limit) return value;
    this.problem(`"${key}" must be a whole number in 1..${limit}, found ${shown(value)}.`);
    return fallback;
  }

  tokenId(key: string, fallback: number): number {
    return this.tokenIds(key, fallback)[0] as number;
  }

  /** One id or a non-empty list of ids. */
  tokenIds(key: string, fallback: number): number[] {
    const value = this.#text[key] ?? this.#whole[key] ?? fallback;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    const isId = (id: unknown): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0;
    if (list.length > 0 && list.every(isId)) return list;
    this.problem(`"${key}" must be a token id or a list of them, found ${shown(value)}.`);
    return [fallback];
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
