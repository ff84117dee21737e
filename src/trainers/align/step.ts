/**
 * One alignment step: the pooled vectors of a batch of translations, contrasted with each other.
 *
 * A batch that is one micro-batch is passed through the model once. One that is split takes two passes (GradCache): the
 * first gives all vectors and the loss' slope to each, the second each micro-batch's part of the gradient, so that the
 * negatives are those of the whole batch.
 *
 * Shape letters: S pairs of the batch, M of a micro-batch, D model.
 */
import { unrecorded } from '../../backend/index.ts';
import * as tf from '../../backend/tfjs.ts';
import { chunk } from '../../data/index.ts';
import {
  type InfoNceOptions,
  infoNce,
  infoNceGradients,
  normalizePooled,
  type PlainStatistics,
  type PoolNormalize,
  surrogate,
} from '../../losses/index.ts';
import type { Gemma3 } from '../../model/index.ts';
import type { Micro, StepPlan } from '../method.ts';
import { type PoolerOptions, poolSentences } from './pooler.ts';

/** A sentence and its translation as tokens; English is the second, where it is one of them. */
export interface TokenPair {
  xx: Int32Array;
  en: Int32Array;
}

/** How a batch is aligned. */
export interface AlignOptions extends PoolerOptions, InfoNceOptions {
  normalize: PoolNormalize;
  /** Of the model that the run began with; not needed where `normalize` is `none`. */
  statistics: PlainStatistics | undefined;
  /** Pairs of a micro-batch. */
  microBatchSize: number;
}

/** @param share of the step's loss, where it has others. */
export function planAlign(
  model: Gemma3,
  pairs: readonly TokenPair[],
  options: AlignOptions,
  share = 1,
): StepPlan {
  const numTokens = pairs.reduce((sum, { xx, en }) => sum + xx.length + en.length, 0);
  const micros =
    pairs.length <= options.microBatchSize
      ? { micros: [wholeBatch(model, pairs, options, share)] }
      : splitBatch(model, pairs, options, share);
  return { ...micros, numTokens };
}

function wholeBatch(model: Gemma3, pairs: readonly TokenPair[], options: AlignOptions, share: number): Micro {
  return {
    name: 'align_loss',
    share,
    loss() {
      const [xx_SD, en_SD] = poolPairs(model, pairs, options);
      return tf.mul(infoNce(xx_SD, en_SD, options), share);
    },
  };
}

function splitBatch(
  model: Gemma3,
  pairs: readonly TokenPair[],
  options: AlignOptions,
  share: number,
): Pick<StepPlan, 'prepare' | 'micros'> {
  const groups = chunk(pairs, options.microBatchSize);
  const D = model.config.hiddenSize;
  let loss = 0;
  // On the host between the passes, so that a step that is given up leaves nothing behind.
  let slopes: { xx: Float32Array; en: Float32Array | undefined };
  return {
    prepare() {
      tf.tidy(() => {
        const vectors = groups.map((group) => poolPairs(model, group, options));
        const side = (i: 0 | 1) => tf.concat(vectors.map((both) => both[i])) as tf.Tensor2D;
        const found = infoNceGradients(side(0), side(1), options);
        const host = (slope_SD: tf.Tensor2D) => (slope_SD.dataSync() as Float32Array).slice();
        loss = found.loss;
        slopes = { xx: host(found.dxx_SD), en: found.den_SD ? host(found.den_SD) : undefined };
      });
    },
    micros: groups.map((group, i) => ({
      name: 'align_loss',
      share,
      loss() {
        const part = (slope: Float32Array) => {
          const first = i * options.microBatchSize * D;
          const slope_MD = tf.tensor2d(slope.subarray(first, first + group.length * D), [group.length, D]);
          return tf.mul(slope_MD, share) as tf.Tensor2D;
        };
        const value = (share * loss * group.length) / pairs.length;
        // Detached English has no gradient to give: it was read in the first pass, and that is all.
        if (slopes.en === undefined) {
          const xx_MD = pooled(
            model,
            group.map(({ xx }) => xx),
            options,
          );
          return surrogate(xx_MD, part(slopes.xx), value);
        }
        const [xx_MD, en_MD] = poolPairs(model, group, options);
        return tf.add(surrogate(xx_MD, part(slopes.xx), value), surrogate(en_MD, part(slopes.en)));
      },
    })),
  };
}

/** Normalised vectors of both sides, [M, D]; English without a gradient where it is detached. */
function poolPairs(
  model: Gemma3,
  pairs: readonly TokenPair[],
  options: AlignOptions,
): [xx_MD: tf.Tensor2D, en_MD: tf.Tensor2D] {
  const [xx, en] = [pairs.map((pair) => pair.xx), pairs.map((pair) => pair.en)];
  if (options.detachEnglish)
    return [pooled(model, xx, options), unrecorded(() => pooled(model, en, options))];
  // Both sides in one pass.
  return tf.split(pooled(model, [...xx, ...en], options), 2) as [tf.Tensor2D, tf.Tensor2D];
}

/** Normalised vectors of sentences, [S, D]. */
function pooled(model: Gemma3, sentences: readonly Int32Array[], options: AlignOptions): tf.Tensor2D {
  const { normalize, statistics } = options;
  const constants = statistics && {
    mean_D: tf.tensor1d(statistics.mean_D),
    std_D: tf.tensor1d(statistics.std_D),
  };
  return normalizePooled(poolSentences(model, sentences, options), normalize, constants);
}
