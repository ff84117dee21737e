/**
 * CLO (Lee et al. 2025; the paper's equation 2): answers in the language they are asked in are preferred over answers in
 * the other, for English and for another language, beside the likelihood of the other language's answers.
 *
 *   L = lambda NLL(y_xx | x_xx) + (1 - lambda) mean over pairs of (softplus(-z_en) + softplus(-z_xx))
 *
 * with y_en preferred over y_xx after x_en (z_en) and y_xx over y_en after x_xx (z_xx): the sum of both, not their mean.
 *
 * Shape letters: B batch, T tokens, D model, V vocabulary, R rows that predict a target, S sequences, P pairs; S = 4 P.
 */
import { unrecorded } from '../backend/index.ts';
import * as tf from '../backend/tfjs.ts';
import { nll } from './nll.ts';
import { type Preference, type PreferenceOptions, preference } from './preference.ts';
import { type SequenceLogProbs, type SequenceTargets, sequenceLogProbs } from './sequence-log-probs.ts';

/** The sequences of a pair, in their order: language of the prompt, language of the response. */
export const CLO_SEQUENCES = ['en_en', 'en_xx', 'xx_xx', 'xx_en'] as const;

/** One of a pair's sequences. */
export type CloSequence = (typeof CLO_SEQUENCES)[number];

/** Settings of the loss. */
export interface CloOptions extends PreferenceOptions {
  /** Share of the NLL, 0 to 1. */
  lambda: number;
}

/** What the means are taken over, so that the losses of its micro-batches add up to that of the optimizer batch. */
export interface CloBatch {
  /** Targets of (x_xx, y_xx) in the optimizer batch. */
  numTargets: number;
  /** Pairs in the optimizer batch. */
  numPairs: number;
}

/** What is logged of a pair; plain numbers, to be summed over the optimizer batch. */
export interface CloPair {
  /** x_en: y_en preferred over y_xx. */
  en: Preference;
  /** x_xx: y_xx preferred over y_en. */
  xx: Preference;
  /** log p(response | prompt) of the policy, summed over tokens, in nats. */
  logps: Record<CloSequence, number>;
  /** -log p(y_xx | x_xx) in nats. */
  nllSum: number;
  /** Targets of (x_xx, y_xx). */
  numTargets: number;
  /** 1 if both preferences are saturated. */
  saturated: number;
}

/** The loss on the host: its value, and its slope to the log p of every sequence. */
export interface CloValues {
  /** This micro-batch's part of L. */
  loss: number;
  pairs: CloPair[];
  /** d loss / d log p, [S]. */
  slopes_S: Float64Array;
}

/**
 * L and its slopes from log-probs alone.
 *
 * @param policy of 4 sequences a pair, in the order of `CLO_SEQUENCES`.
 * @param reference_S log p of the same sequences under the model the run started from.
 */
export function cloValues(
  policy: SequenceLogProbs,
  reference_S: ArrayLike<number>,
  batch: CloBatch,
  options: CloOptions,
): CloValues {
  const { sums_S, counts_S } = policy;
  const S = sums_S.length;
  const width = CLO_SEQUENCES.length;
  if (S % width !== 0) throw new Error(`${S} sequences are not ${width} a pair`);
  if (reference_S.length !== S)
    throw new Error(`${reference_S.length} reference log-probs for ${S} sequences`);
  const nllWeight = options.lambda / batch.numTargets;
  const preferenceWeight = (1 - options.lambda) / batch.numPairs;
  const slopes_S = new Float64Array(S);
  const pairs: CloPair[] = [];
  let loss = 0;
  for (let first = 0; first < S; first += width) {
    const response = (i: number) => ({
      logp: sums_S[first + i]!,
      reference: reference_S[first + i]!,
      n: counts_S[first + i]!,
    });
    const [enEn, enXx, xxXx, xxEn] = [response(0), response(1), response(2), response(3)];
    const en = preference(enEn, enXx, options);
    const xx = preference(xxXx, xxEn, options);
    // One forward of (x_xx, y_xx) serves the NLL and the preference, so its slopes add up.
    slopes_S[first] = preferenceWeight * en.slopeChosen;
    slopes_S[first + 1] = preferenceWeight * en.slopeRejected;
    slopes_S[first + 2] = preferenceWeight * xx.slopeChosen - nllWeight;
    slopes_S[first + 3] = preferenceWeight * xx.slopeRejected;
    loss += preferenceWeight * (en.loss + xx.loss) - nllWeight * xxXx.logp;
    pairs.push({
      en,
      xx,
      logps: { en_en: enEn.logp, en_xx: enXx.logp, xx_xx: xxXx.logp, xx_en: xxEn.logp },
      nllSum: -xxXx.logp,
      numTargets: xxXx.n,
      saturated: en.saturated * xx.saturated,
    });
  }
  return { loss, pairs, slopes_S };
}

/**
 * This micro-batch's part of L, and what is logged of its pairs.
 *
 * The fused kernel computes gradients with the values, for weights it is given: so it runs once for the log-probs alone,
 * the host works out the slope of L to each, and it runs again with those as weights of its rows.
 *
 * @param hidden_BTD after the final norm.
 * @param embedding_VD the tied embedding; gets a gradient from here, too.
 * @param targets 4 sequences a pair, in the order of `CLO_SEQUENCES`.
 * @param reference_S see `cloValues`.
 */
export function clo(
  hidden_BTD: tf.Tensor3D,
  embedding_VD: tf.Tensor,
  targets: SequenceTargets,
  reference_S: ArrayLike<number>,
  batch: CloBatch,
  options: CloOptions,
): { loss: tf.Scalar; pairs: CloPair[] } {
  const policy = sequenceLogProbs(hidden_BTD, embedding_VD, targets);
  const { loss, pairs, slopes_S } = cloValues(policy, reference_S, batch, options);
  const weighted = nll(hidden_BTD, embedding_VD, {
    rows_R: tf.tensor1d(targets.rows_R, 'int32'),
    labels_R: tf.tensor1d(targets.labels_R, 'int32'),
    weights_R: tf.tensor1d(Float32Array.from(targets.sequences_R, (s) => -slopes_S[s]!)),
  });
  // The value of L with the gradient of the weighted sum, which must reach the kernel as exactly 1.
  const slope = tf.sub(
    weighted,
    unrecorded(() => tf.clone(weighted)),
  );
  return { loss: tf.add(slope, loss), pairs };
}
