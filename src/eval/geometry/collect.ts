/**
 * Reads hidden states: every block of every text in one pass.
 *
 * Shape letters: B = 1 row, T tokens of a pack, S texts of a pack, L blocks, D model.
 */
import * as tf from '../../backend/tfjs.ts';
import { collate } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import { meanPool } from '../../losses/index.ts';
import type { Gemma3 } from '../../model/index.ts';
import { groupBy } from '../group.ts';
import type { PreparedItem } from '../scoring/prepare.ts';
import type { HiddenStates, LanguageStates, ReadPosition } from './states.ts';

/** A text in a language. */
export interface Reading {
  /** The same for all languages of a question, and unique within one. */
  id: string;
  language: string;
  /** <bos> first. */
  ids: Int32Array;
}

/** How texts are read. */
export interface CollectOptions {
  position: ReadPosition;
  /** Tokens of a pass at most (a single text may pass it); fewer where all blocks' outputs would take more than `TAP_BYTES`. */
  tokenBudget: number;
  /** Waited for after each pass: for progress, for timers and signals to have their turn, and to stop by throwing. */
  between?(at: { done: number; total: number }): Promise<void> | void;
}

/** Bytes of all blocks' outputs of a pass: 8,700 tokens of Gemma 3 270M, 540 of 12B. */
export const TAP_BYTES = 400e6;
/** Bytes of what is kept. Gemma 3 12B comes to it with 5,400 texts. */
const KEPT_BYTES = 4e9;

/**
 * The prompts of items, without options: up to the token that predicts the first token in which options differ or which is
 * scored.
 */
export function readingsOf(items: readonly PreparedItem[]): Reading[] {
  return items.map(({ item: { id, language }, sequences }) => ({
    id,
    language,
    ids: sequences[0]!.ids.subarray(0, Math.min(...sequences.map(({ first }) => first))),
  }));
}

/**
 * Hidden states of all texts at the outputs of all blocks, float32. Rows of a language are in the order in which ids first
 * come up in any language, so that those that languages share are in the same order; packs change them only by rounding.
 *
 * Memory: L x D x 4 bytes a text, beside a pass of `TAP_BYTES`.
 *
 * @throws UserError for an id that comes twice in a language, more than fits, and states that are not finite
 */
export async function hiddenStatesOf(
  model: Gemma3,
  readings: readonly Reading[],
  { position, tokenBudget, between }: CollectOptions,
): Promise<HiddenStates> {
  const { numHiddenLayers: L, hiddenSize: D } = model.config;
  const places = new Map<string, number>();
  for (const { id } of readings) if (!places.has(id)) places.set(id, places.size);
  requireOnce(readings);
  const bytes = readings.length * L * D * 4;
  if (bytes > KEPT_BYTES)
    throw new UserError(
      `the hidden states of ${readings.length} texts take ${(bytes / 1e9).toFixed(1)} GB, more than the ${KEPT_BYTES / 1e9} allowed; read fewer (--limit)`,
    );
  const rows = new Map<string, { ids: string[]; blocks: Float32Array[] }>();
  const target = new Map<Reading, number>();
  for (const [language, own] of groupBy(readings, ({ language }) => language)) {
    const ordered = [...own].sort((a, b) => places.get(a.id)! - places.get(b.id)!);
    for (const [row, reading] of ordered.entries()) target.set(reading, row);
    const blocks = Array.from({ length: L }, () => new Float32Array(own.length * D));
    rows.set(language, { ids: ordered.map(({ id }) => id), blocks });
  }
  const budget = Math.min(tokenBudget, Math.floor(TAP_BYTES / (L * D * 4)));
  let done = 0;
  for (const pack of packs(readings, budget)) {
    const read = readPack(model, pack, position);
    for (const [layer, values_SD] of read.entries())
      for (const [s, reading] of pack.entries())
        rows
          .get(reading.language)!
          .blocks[layer]!.set(values_SD.subarray(s * D, (s + 1) * D), target.get(reading)! * D);
    done += pack.length;
    await between?.({ done, total: readings.length });
  }
  return { layers: L, columns: D, position, byLanguage: rows as Map<string, LanguageStates> };
}

function requireOnce(readings: readonly Reading[]): void {
  const seen = new Set<string>();
  for (const { id, language, ids } of readings) {
    const key = `${language} ${id}`;
    if (seen.has(key)) throw new UserError(`the question ${id} is there twice in ${language}`);
    if (ids.length < 2) throw new UserError(`the question ${id} has no token in ${language}`);
    seen.add(key);
  }
}

function* packs(readings: readonly Reading[], budget: number): Generator<Reading[]> {
  let pack: Reading[] = [];
  let tokens = 0;
  for (const reading of readings) {
    if (pack.length > 0 && tokens + reading.ids.length > budget) {
      yield pack;
      [pack, tokens] = [[], 0];
    }
    pack.push(reading);
    tokens += reading.ids.length;
  }
  if (pack.length > 0) yield pack;
}

/** One vector a text and block: of each block [S, D]. */
function readPack(model: Gemma3, pack: readonly Reading[], position: ReadPosition): Float32Array[] {
  const batch = collate(pack.map(({ ids }) => ({ ids, target: new Uint8Array(ids.length), numTargets: 0 })));
  const layers = Array.from({ length: model.config.numHiddenLayers }, (_, layer) => layer);
  const ends: number[] = [];
  for (const { ids } of pack) ends.push((ends.at(-1) ?? 0) + ids.length);
  const ranges = ends.map((end, s) => ({ start: end - pack[s]!.ids.length, end }));
  return tf.tidy(() => {
    const row = (values: Int32Array) => tf.tensor2d(values, [1, values.length], 'int32');
    const { taps } = model.forward({
      tokens_BT: row(batch.tokens_T),
      positions_BT: row(batch.positions_T),
      segments_BT: row(batch.segments_T),
      // All blocks run, and the final norm does not.
      stopAfter: layers.length - 1,
      taps: layers,
    });
    return layers.map((layer) => {
      const values_SD = tf.tidy(() => {
        const hidden_BTD = taps.get(layer)!;
        if (position !== 'last')
          return meanPool(hidden_BTD, ranges, {
            bos: position === 'weighted',
            weights: position === 'weighted' ? 'position' : 'mean',
          }).dataSync();
        const hidden_TD = tf.reshape(hidden_BTD, [batch.numTokens, -1]);
        const last_S = tf.tensor1d(
          ends.map((end) => end - 1),
          'int32',
        );
        return tf.gather(hidden_TD, last_S).dataSync();
      }) as Float32Array;
      taps.get(layer)!.dispose();
      if (!values_SD.every(Number.isFinite))
        throw new UserError(`the model's hidden states after block ${layer} are not finite`);
      return values_SD;
    });
  });
}
