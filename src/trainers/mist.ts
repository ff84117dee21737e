/**
 * MIST, multilingual instruction tuning: the likelihood of replies, given their prompts, in every language of the data.
 *
 * Shape letters: T tokens of the micro-batch, D model, R rows that predict a target.
 */
import * as tf from '../backend/tfjs.ts';
import { chunk, collate, createOrder, type Dataset, type Example, type MicroBatch } from '../data/index.ts';
import { nll } from '../losses/index.ts';
import type { Gemma3 } from '../model/index.ts';
import type { Method } from './method.ts';

/** A packed micro-batch and the factor of each of its target tokens. */
export interface NllMicro extends MicroBatch {
  targetWeight: number;
}

/** Sizes of what is computed at once. */
export interface MistSettings {
  seed: number;
  /** Rows of an optimizer step. */
  batchSize: number;
  /** Rows of a micro-batch. */
  microBatchSize: number;
}

/** The method MIST on a model and encoded rows. */
export function mistMethod(
  model: Gemma3,
  train: Pick<Dataset, 'examples'>,
  heldOut: Pick<Dataset, 'examples'> | undefined,
  settings: MistSettings,
): Method<NllMicro> {
  const order = createOrder(settings.seed, train.examples.length, settings.batchSize);
  const loss = (micro: NllMicro): tf.Scalar => nllOf(model, micro);
  return {
    name: 'mist',
    stepsPerEpoch: order.stepsPerEpoch,
    plan(step) {
      const examples = Array.from(order.at(step).rows, (row) => train.examples[row]!);
      return planNll(examples, settings.microBatchSize);
    },
    loss,
    heldOut: heldOut && {
      *micros() {
        for (const group of chunk(heldOut.examples, settings.microBatchSize))
          yield { ...collate(group), targetWeight: 1 };
      },
      measure(micro) {
        const sum = tf.tidy(() => loss(micro).dataSync()[0]!);
        return { sum, numTargets: micro.labels_R.length, numTokens: micro.numTokens };
      },
    },
  };
}

/**
 * Packs the examples of a step into micro-batches. Every target token of the step counts the same, 1 / their number,
 * however the step is split (not the mean of the micro-batches' means: transformers#34191).
 */
export function planNll(
  examples: readonly Example[],
  microBatchSize: number,
): { micros: NllMicro[]; numTokens: number } {
  const numTargets = examples.reduce((sum, example) => sum + example.numTargets, 0);
  const micros = chunk(examples, microBatchSize).map((group) => ({
    ...collate(group),
    targetWeight: 1 / numTargets,
  }));
  return { micros, numTokens: micros.reduce((sum, micro) => sum + micro.numTokens, 0) };
}

function nllOf(model: Gemma3, micro: NllMicro): tf.Scalar {
  const T = micro.tokens_T.length;
  const { hidden_BTD } = model.forward({
    tokens_BT: tf.tensor2d(micro.tokens_T, [1, T], 'int32'),
    positions_BT: tf.tensor2d(micro.positions_T, [1, T], 'int32'),
    segments_BT: tf.tensor2d(micro.segments_T, [1, T], 'int32'),
  });
  const targets = {
    rows_R: tf.tensor1d(micro.rows_R, 'int32'),
    labels_R: tf.tensor1d(micro.labels_R, 'int32'),
    weights_R: tf.fill([micro.labels_R.length], micro.targetWeight) as tf.Tensor1D,
  };
  return nll(hidden_BTD, model.parameter('embed_tokens.weight'), targets);
}
