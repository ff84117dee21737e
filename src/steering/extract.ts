/**
 * What vectors are made of: hidden states at the outputs of all blocks, summed over prompts in one pass each.
 *
 * Shape letters: B = 1 row, T tokens of a pack, N texts of a pack, L blocks, D model.
 */
import * as tf from '../backend/tfjs.ts';
import { commonPrefix, type Piece, packTree } from '../data/index.ts';
import { UserError } from '../errors.ts';
import type { Gemma3 } from '../model/index.ts';

/** A text, and the tokens of it whose states are read: the mean of those from `from` up to `to`, the latter left out. */
export interface Reading {
  ids: Int32Array;
  from: number;
  to: number;
}

/** Sums over texts. */
export interface StateSums {
  /** Of what was read of each text. */
  states_LD: Float64Array;
  /** Of its lengths. */
  norms_L: Float64Array;
  /** Texts. */
  count: number;
}

/** How texts are read. */
export interface SumOptions {
  /** Tokens of a pass at most (a single text may pass it); fewer where all blocks' outputs would take more than `TAP_BYTES`. */
  tokenBudget: number;
  /** Waited for after each pass with the texts read so far: for progress, timers and signals, and to stop by throwing. */
  between?(done: number): Promise<void> | void;
}

/** Bytes of all blocks' outputs of a pass: 8,700 tokens of Gemma 3 270M, 540 of 12B. */
const TAP_BYTES = 400e6;

/**
 * Sums of the hidden states of texts at all blocks, in float64: a mean over a hundred states of length 30,000 would lose in
 * float32 what tells two of them apart. The model is not steered.
 *
 * @throws UserError for states that are not finite
 */
export async function sumStates(
  model: Gemma3,
  readings: readonly Reading[],
  { tokenBudget, between }: SumOptions,
): Promise<StateSums> {
  const { numHiddenLayers: L, hiddenSize: D } = model.config;
  const sums: StateSums = {
    states_LD: new Float64Array(L * D),
    norms_L: new Float64Array(L),
    count: readings.length,
  };
  const budget = Math.min(tokenBudget, Math.floor(TAP_BYTES / (L * D * 4)));
  let done = 0;
  for (const group of groupsOf(readings, budget)) {
    addPack(model, group, sums);
    done += group.length;
    await between?.(done);
  }
  return sums;
}

/** mean(plus) - mean(minus), rounded to float32 once; and mean lengths of the states of `minus`, which is what is steered. */
export function meanDifference(
  plus: StateSums,
  minus: StateSums,
): { vector_LD: Float32Array; hidden_L: number[] } {
  const vector_LD = Float32Array.from(
    plus.states_LD,
    (sum, i) => sum / plus.count - minus.states_LD[i]! / minus.count,
  );
  return { vector_LD, hidden_L: Array.from(minus.norms_L, (sum) => sum / minus.count) };
}

function* groupsOf(readings: readonly Reading[], budget: number): Generator<Reading[]> {
  let group: Reading[] = [];
  let [tokens, common] = [0, 0];
  for (const reading of readings) {
    const { length } = reading.ids;
    const shared = group.length === 0 ? 0 : sharedBy([group[0]!, reading], common);
    // What is no longer shared is there once for each.
    const all = tokens + (common - shared) * (group.length - 1) + length - shared;
    if (group.length > 0 && all > budget) {
      yield group;
      group = [];
    }
    [tokens, common] = group.length === 0 ? [length, length] : [all, shared];
    group.push(reading);
  }
  if (group.length > 0) yield group;
}

/** Tokens that texts begin with alike, at most `most`; at least one of each is its own. */
function sharedBy(readings: readonly Reading[], most = Number.POSITIVE_INFINITY): number {
  const lists = readings.map(({ ids }) => ids);
  return Math.min(most, commonPrefix(lists), ...lists.map(({ length }) => length - 1));
}

function addPack(model: Gemma3, group: readonly Reading[], sums: StateSums): void {
  const { batch, at } = packOf(group);
  const D = model.config.hiddenSize;
  const layers = Array.from({ length: model.config.numHiddenLayers }, (_, layer) => layer);
  tf.tidy(() => {
    const row = (values: Int32Array) => tf.tensor2d(values, [1, values.length], 'int32');
    const { taps } = model.forward({
      tokens_BT: row(batch.tokens_T),
      positions_BT: row(batch.positions_T),
      segments_BT: row(batch.segments_T),
      parents: batch.parents,
      // All blocks run, and the final norm does not.
      stopAfter: layers.length - 1,
      taps: layers,
    });
    // Only what is read leaves the backend, each token once however many texts share it.
    const asked = [...new Set(group.flatMap((reading, n) => range(reading).map((index) => at(n, index))))];
    const places = new Map(asked.map((place, i) => [place, i]));
    for (const layer of layers) {
      const hidden_RD = tf.tidy(() =>
        tf.gather(tf.reshape(taps.get(layer)!, [batch.numTokens, D]), tf.tensor1d(asked, 'int32')).dataSync(),
      ) as Float32Array;
      taps.get(layer)!.dispose();
      if (!hidden_RD.every(Number.isFinite))
        throw new UserError(`the model's hidden states after block ${layer} are not finite`);
      const state_D = new Float64Array(D);
      for (const [n, reading] of group.entries()) {
        state_D.fill(0);
        const read = range(reading);
        for (const index of read) {
          const start = places.get(at(n, index))! * D;
          for (let d = 0; d < D; d++) state_D[d]! += hidden_RD[start + d]! / read.length;
        }
        let square = 0;
        for (let d = 0; d < D; d++) {
          sums.states_LD[layer * D + d]! += state_D[d]!;
          square += state_D[d]! ** 2;
        }
        sums.norms_L[layer]! += Math.sqrt(square);
      }
    }
  });
}

/** Texts end to end, what all of them begin with once; and where in T a token of one of them is. */
function packOf(group: readonly Reading[]) {
  const lists = group.map(({ ids }) => ids);
  const common = group.length < 2 ? 0 : sharedBy(group);
  const pieces: Piece[] = common > 0 ? [{ ids: lists[0]!.subarray(0, common) }] : [];
  const first = pieces.length;
  for (const ids of lists) pieces.push({ ids: ids.subarray(common), ...(common > 0 ? { parent: 0 } : {}) });
  const batch = packTree(pieces);
  const at = (n: number, index: number): number =>
    index < common ? index : batch.starts[first + n]! + index - common;
  return { batch, at };
}

function range({ from, to }: Reading): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
