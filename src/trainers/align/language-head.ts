/**
 * "Align, then diverge" (AlignX, 2509.24338): beside the alignment of a middle layer, a head on pairs of last-layer sentence
 * vectors learns whether they are of one language.
 *
 * Shape letters: N sentences, D model, I width of the head.
 */
import { parameterOf } from '../../backend/index.ts';
import * as tf from '../../backend/tfjs.ts';
import { languageMatching } from '../../losses/index.ts';
import type { Gemma3 } from '../../model/index.ts';
import type { Micro } from '../method.ts';
import { poolSentences } from './pooler.ts';

/** A sentence as tokens, and its language. */
export interface Spoken {
  ids: Int32Array;
  language: string;
}

/** Standard deviation of its first weights, as of Gemma's. */
const INITIAL = 0.02;

/** Names and shapes of the head's weights. */
export function headShapes(D: number, I: number): Map<string, [number, number]> {
  return new Map([
    ['language_head.gate_proj.weight', [I, 2 * D]],
    ['language_head.up_proj.weight', [I, 2 * D]],
    ['language_head.down_proj.weight', [2, I]],
  ]);
}

/** The head before the first step: random, by the seed alone. */
export function createHead(D: number, I: number, seed: number): Map<string, tf.Variable> {
  const head = new Map<string, tf.Variable>();
  let stream = 0;
  for (const [name, shape] of headShapes(D, I)) {
    // Given away: the parameter is stored as those of the model are.
    const values = tf.truncatedNormal(shape, 0, INITIAL, 'float32', seed + ++stream);
    head.set(name, parameterOf(values, name));
  }
  return head;
}

/**
 * The loss of a batch of sentences of several languages, times `weight`. It needs all layers, unlike the alignment.
 *
 * @param share of the step's loss, where it has others.
 */
export function languageMicro(
  model: Gemma3,
  head: ReadonlyMap<string, tf.Variable>,
  sentences: readonly Spoken[],
  weight: number,
  share = 1,
): Micro {
  const [gate_I2D, up_I2D, down_2I] = [...head.values()] as unknown as tf.Tensor2D[];
  return {
    name: 'language_loss',
    share: share * weight,
    loss() {
      const pooled_ND = poolSentences(
        model,
        sentences.map(({ ids }) => ids),
        { layer: undefined, bos: true, weights: 'mean' },
      );
      const languages = sentences.map(({ language }) => language);
      const heads = { gate_I2D: gate_I2D!, up_I2D: up_I2D!, down_2I: down_2I! };
      return tf.mul(languageMatching(pooled_ND, languages, heads), share * weight);
    },
  };
}
