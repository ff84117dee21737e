/**
 * Negative log-likelihood of the target tokens.
 *
 * Shape letters: B batch, T tokens, D model, V vocabulary, R rows that predict a target.
 */
import { linearCrossEntropy } from '../backend/index.ts';
import * as tf from '../backend/tfjs.ts';

/** Which rows of a flattened [B * T, D] hidden state predict which tokens, and how much each counts. */
export interface Targets {
  /** int32 indices into B * T. */
  rows_R: tf.Tensor1D;
  /** int32 ids of the tokens to be predicted. */
  labels_R: tf.Tensor1D;
  /** Factor of each term; 1 / (targets of the whole optimizer batch) makes the sum over its micro-batches a mean. */
  weights_R: tf.Tensor1D;
}

/**
 * sum_r weights_r * -log softmax(hidden[rows_r] E^T)[labels_r], in nats. Only rows with a target meet the vocabulary:
 * prompt tokens cost no logits.
 *
 * @param hidden_BTD after the final norm.
 * @param embedding_VD Gemma's tied embedding, which is also the unembedding; gets a gradient from here, too.
 */
export function nll(
  hidden_BTD: tf.Tensor3D,
  embedding_VD: tf.Tensor,
  { rows_R, labels_R, weights_R }: Targets,
): tf.Scalar {
  const [B, T, D] = hidden_BTD.shape;
  const hidden_RD = tf.gather(tf.reshape(hidden_BTD, [B * T, D]) as tf.Tensor2D, rows_R);
  return linearCrossEntropy(hidden_RD, embedding_VD, labels_R, weights_R).loss;
}
