/**
 * Hidden states of questions as plain numbers.
 *
 * Shape letters: S items of a language, D model; a block's rows are [S, D] end to end.
 */
import { UserError } from '../../errors.ts';
import type { Matrix } from '../alignment/index.ts';
import { groupBy } from '../group.ts';

/**
 * What is read of each text. `last`: its last token, which predicts the answer. `mean`: all tokens but <bos>, which is the
 * same in every text and carries the largest activations. `weighted`: tokens in proportion to their place, <bos> among them,
 * as MEXA's embed_extractor.py has it.
 */
export type ReadPosition = 'last' | 'mean' | 'weighted';

/** All there are, the default first. */
export const READ_POSITIONS: readonly ReadPosition[] = ['last', 'mean', 'weighted'];

/** One language's items. */
export interface LanguageStates {
  /** Of its rows. Languages have the ids that they share in the same order. */
  ids: readonly string[];
  /** Rows [S, D] of each block's output, 0-based, before the final norm. */
  blocks: readonly Float32Array[];
}

/** Hidden states of the same questions in several languages. */
export interface HiddenStates {
  /** Blocks, and D. */
  layers: number;
  columns: number;
  position: ReadPosition;
  byLanguage: ReadonlyMap<string, LanguageStates>;
}

/** Some rows of a block of a language, in float64: all of them, or those of `ids` in their order. */
export function statesAt(
  { columns, byLanguage }: HiddenStates,
  language: string,
  layer: number,
  ids?: readonly string[],
): Matrix {
  const own = byLanguage.get(language);
  const block = own?.blocks[layer];
  if (own === undefined || block === undefined) throw new Error(`no states of ${language} in block ${layer}`);
  if (ids === undefined) return { rows: own.ids.length, columns, values: Float64Array.from(block) };
  const places = new Map(own.ids.map((id, row) => [id, row]));
  const values = new Float64Array(ids.length * columns);
  for (const [i, id] of ids.entries()) {
    const row = places.get(id);
    if (row === undefined) throw new Error(`no states of ${id} in ${language}`);
    values.set(block.subarray(row * columns, (row + 1) * columns), i * columns);
  }
  return { rows: ids.length, columns, values };
}

/** Ids that both languages have, in their common order. @throws UserError if there are fewer than `least` */
export function sharedIds(states: HiddenStates, a: string, b: string, least = 2): string[] {
  const inB = new Set(states.byLanguage.get(b)?.ids);
  const shared = (states.byLanguage.get(a)?.ids ?? []).filter((id) => inB.has(id));
  if (shared.length < least)
    throw new UserError(
      `${a} and ${b} have ${shared.length} questions in common, and at least ${least} are needed to compare them`,
    );
  return shared;
}

/** Rows of items of several languages, in their order. */
export function rowsOf(
  states: HiddenStates,
  layer: number,
  items: readonly { id: string; language: string }[],
): Matrix {
  const { columns } = states;
  const values = new Float64Array(items.length * columns);
  const placed = items.map((item, at) => ({ ...item, at }));
  for (const [language, own] of groupBy(placed, (item) => item.language)) {
    const ids = own.map(({ id }) => id);
    const some = statesAt(states, language, layer, ids).values;
    for (const [i, { at }] of own.entries())
      values.set(some.subarray(i * columns, (i + 1) * columns), at * columns);
  }
  return { rows: items.length, columns, values };
}
