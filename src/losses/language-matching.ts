/**
 * Language matching, the other half of "align, then diverge" (AlignX, 2509.24338): beside the middle layers that are
 * drawn together, a small head on pairs of last-layer sentence vectors has to tell whether they are of one language, which
 * keeps the languages apart where text is produced.
 *
 * Shape letters: N sentences, D model, I width of the head.
 */
import * as tf from '../backend/tfjs.ts';
import { exactProduct } from './exact-product.ts';

/** The head's weights, trained with the model: gated by SiLU as AlignX's, which has I = 128. */
export interface MatchingHead {
  /** The first D columns meet the first sentence of a pair, the others the second. */
  gate_I2D: tf.Tensor2D;
  up_I2D: tf.Tensor2D;
  /** Rows: of two languages, of one. */
  down_2I: tf.Tensor2D;
}

/**
 * The mean over all N * N ordered pairs, a sentence with itself included, of the cross-entropy in nats, fp32.
 *
 * @param pooled_ND after the final norm; AlignX pools the states that predict a sentence's tokens.
 * @param languages of each sentence.
 */
export function languageMatching(
  pooled_ND: tf.Tensor2D,
  languages: readonly string[],
  { gate_I2D, up_I2D, down_2I }: MatchingHead,
): tf.Scalar {
  const [N, D] = pooled_ND.shape;
  if (languages.length !== N) throw new Error(`${languages.length} languages for ${N} sentences`);
  // W [a; b] = W1 a + W2 b: the products are taken once a sentence, not once a pair.
  const ofPairs = (weight_I2D: tf.Tensor2D) => {
    const [first, second] = tf.split(weight_I2D, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    return tf.add(
      tf.expandDims(exactProduct(pooled_ND, first), 1),
      tf.expandDims(exactProduct(pooled_ND, second), 0),
    );
  };
  if (gate_I2D.shape[1] !== 2 * D)
    throw new Error(`a head for vectors of ${gate_I2D.shape[1] / 2}, not of ${D}`);
  const gate = ofPairs(gate_I2D);
  const inner = tf.mul(tf.mul(gate, tf.sigmoid(gate)), ofPairs(up_I2D));
  const logits = exactProduct(tf.reshape(inner, [N * N, -1]) as tf.Tensor2D, down_2I);
  const same = languages.flatMap((a) => languages.map((b) => (a === b ? 1 : 0)));
  const hit = tf.oneHot(tf.tensor1d(same, 'int32'), 2);
  return tf.neg(tf.div(tf.sum(tf.mul(tf.logSoftmax(logits, 1), hit)), N * N));
}
