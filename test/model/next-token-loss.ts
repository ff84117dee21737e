/** The mean loss of a row of tokens, each predicted from those before it. */
import { linearCrossEntropy } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import type { Gemma3 } from '../../src/model/index.ts';

export function nextTokenLoss(model: Gemma3, tokens: readonly number[]): tf.Scalar {
  const [T, R] = [tokens.length, tokens.length - 1];
  return tf.tidy(() => {
    const { hidden_BTD } = model.forward({ tokens_BT: tf.tensor2d([[...tokens]], [1, T], 'int32') });
    const hidden_RD = hidden_BTD.reshape([T, -1]).slice([0, 0], [R, -1]) as tf.Tensor2D;
    const labels_R = tf.tensor1d(tokens.slice(1), 'int32');
    const weights_R = tf.fill([R], 1 / R) as tf.Tensor1D;
    return linearCrossEntropy(hidden_RD, model.parameter('embed_tokens.weight'), labels_R, weights_R).loss;
  });
}
