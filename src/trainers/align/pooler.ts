/**
 * One vector a sentence from the hidden states of a middle layer: what alignment compares.
 *
 * Shape letters: S sentences, D model.
 */
import * as tf from '../../backend/tfjs.ts';
import { collate } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import { meanPool, type PoolStatistics, type PoolWeights } from '../../losses/index.ts';
import type { Gemma3 } from '../../model/index.ts';
import { inputsOf } from '../nll.ts';

/** Where the vectors are taken, and of which tokens. */
export interface PoolerOptions {
  /** Blocks that are run; undefined is all of them, and the final norm. */
  layer: number | undefined;
  bos: boolean;
  weights: PoolWeights;
}

export type { PoolStatistics };

/**
 * The pooled hidden states after `layer` blocks, [S, D], fp32, not normalised; blocks above do not run. Sentences are
 * packed end to end, each seeing itself alone.
 */
export function poolSentences(
  model: Gemma3,
  sentences: readonly Int32Array[],
  { layer, bos, weights }: PoolerOptions,
): tf.Tensor2D {
  const batch = collate(sentences.map((ids) => ({ ids, target: new Uint8Array(ids.length), numTargets: 0 })));
  const { hidden_BTD } = model.forward({
    ...inputsOf(batch),
    stopAfter: layer === undefined ? undefined : layer - 1,
  });
  let at = 0;
  const ranges = sentences.map(({ length }) => {
    at += length;
    return { start: at - length, end: at };
  });
  return meanPool(hidden_BTD, ranges, { bos, weights });
}

/**
 * The same as plain numbers, without gradients.
 * @throws UserError if one is not finite: there is nothing to measure of a model that has come to that
 */
export function pooledVectors(
  model: Gemma3,
  sentences: readonly Int32Array[],
  options: PoolerOptions,
): Float32Array[] {
  const rows_SD = tf.tidy(() => poolSentences(model, sentences, options).arraySync());
  if (!rows_SD.every((row) => row.every(Number.isFinite)))
    throw new UserError(
      `the model's hidden states after ${options.layer ?? 'all'} blocks are not finite: sentences cannot be compared`,
    );
  return rows_SD.map((row) => Float32Array.from(row));
}
