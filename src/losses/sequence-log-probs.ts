/**
 * log p of whole responses. NLL, preference terms and their length-normalised form all take sum and number of tokens
 * from here, so that no token can be in one and not in the other.
 *
 * Shape letters: B batch, T tokens, D model, V vocabulary, R rows that predict a target, S sequences.
 */
import { linearCrossEntropy, unrecorded } from '../backend/index.ts';
import * as tf from '../backend/tfjs.ts';

/** Target tokens and the sequences they belong to; plain arrays, since sums are taken on the host. */
export interface SequenceTargets {
  /** Indices into B * T whose hidden state predicts a target; one may predict several, after a prompt that is shared. */
  rows_R: Int32Array;
  /** The target tokens themselves. */
  labels_R: Int32Array;
  /** Which sequence each target is of: 0 .. S - 1. */
  sequences_R: Int32Array;
  numSequences: number;
}

/** What a model gives to sequences. */
export interface SequenceLogProbs {
  /** log p(response | prompt) in nats: the sum over its targets of fp32 terms, taken in float64. */
  sums_S: Float64Array;
  /** Targets of each; at least one. */
  counts_S: Int32Array;
}

/**
 * log p of every sequence, without a gradient even while one is being recorded; the logits are never whole.
 *
 * @param hidden_BTD after the final norm.
 * @param embedding_VD the tied embedding.
 * @throws Error for a sequence without a target: its log-ratio would be 0 in silence
 */
export function sequenceLogProbs(
  hidden_BTD: tf.Tensor3D,
  embedding_VD: tf.Tensor,
  targets: SequenceTargets,
): SequenceLogProbs {
  const { rows_R, labels_R, sequences_R, numSequences } = targets;
  const [B, T, D] = hidden_BTD.shape;
  const counts_S = new Int32Array(numSequences);
  for (const sequence of sequences_R) {
    if (!(sequence >= 0 && sequence < numSequences))
      throw new Error(`sequence ${sequence} outside the ${numSequences} there are`);
    counts_S[sequence]!++;
  }
  const empty = counts_S.indexOf(0);
  if (empty >= 0) throw new Error(`sequence ${empty} has no target`);
  const nll_R = unrecorded(() =>
    tf.tidy(() => {
      const hidden_RD = tf.gather(
        tf.reshape(hidden_BTD, [B * T, D]) as tf.Tensor2D,
        tf.tensor1d(rows_R, 'int32'),
      );
      // Only the rows' own values are read.
      const weights_R = tf.zeros([labels_R.length]) as tf.Tensor1D;
      return linearCrossEntropy(hidden_RD, embedding_VD, tf.tensor1d(labels_R, 'int32'), weights_R)
        .nll_R.dataSync()
        .slice();
    }),
  );
  const sums_S = new Float64Array(numSequences);
  for (const [row, sequence] of sequences_R.entries()) sums_S[sequence]! -= nll_R[row]!;
  return { sums_S, counts_S };
}
