/**
 * Linear layer and cross-entropy in one, for a vocabulary whose logits must never be whole: the weighted sum of
 * -log softmax(h W^T)[label] over rows. The gradient is computed with the value, because the logits are at hand then;
 * under `accumulateGradients` that of W goes straight into its accumulator.
 *
 * Shapes: R rows with a target, D model, V vocabulary.
 */

import { accumulatorOf, isRecording, wantsGradient } from '../gradients.ts';
import * as tf from '../tfjs.ts';
import { addon } from '../torch/addon.ts';
import { resultHandle } from '../torch/register.ts';
import { defineKernel } from './define.ts';
import { addInto } from './inPlace.ts';
import { requireWithin } from './within.ts';

type In = { hidden: tf.TensorInfo; weight: tf.TensorInfo; labels: tf.TensorInfo; weights: tf.TensorInfo };
type Attrs = {
  /** Entries of V that count; checkpoints may have more rows than the vocabulary. */
  vocabulary: number;
  gradient: boolean;
  /** Of the weight, too? */
  ofWeight: boolean;
  into: tf.Variable | undefined;
};

const run = defineKernel<In, Attrs>({
  name: 'LinearCrossEntropy',
  native: ({ hidden, weight, labels, weights }, { vocabulary, gradient, ofWeight, into }, b) => {
    addon().linearCrossEntropy(
      b.handle(hidden),
      b.handle(weight),
      b.handle(labels),
      b.handle(weights),
      vocabulary,
      gradient ? 1 : 0,
      ofWeight ? 1 : 0,
      into ? b.handle(into) : -1,
    );
    const [loss, dh, dw, nll, margin] = [0, 1, 2, 3, 4].map(resultHandle) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const results = [
      b.wrap(loss, 'float32', []),
      b.wrap(nll, 'float32', labels.shape),
      b.wrap(margin, 'float32', labels.shape),
    ];
    if (gradient) results.push(b.wrap(dh, 'float32', hidden.shape));
    if (ofWeight && !into) results.push(b.wrap(dw, 'float32', weight.shape));
    return results;
  },
  anyDevice: true,
  composed: ({ hidden, weight, labels, weights }, { vocabulary, gradient, ofWeight, into }) => {
    // As the native kernel: a one-hot row of an id that is not there would be all zeros, and the loss wrong in silence.
    requireWithin(labels, vocabulary, 'label', 'vocabulary');
    const D = hidden.shape[1]!;
    const used = vocabulary === weight.shape[0] ? weight : tf.slice(weight, [0, 0], [vocabulary, D]);
    const logp = tf.logSoftmax(tf.matMul(hidden, used, false, true));
    const hit = tf.oneHot(labels as tf.Tensor1D, vocabulary);
    const nll = tf.neg(tf.sum(tf.mul(logp, hit), 1));
    const results = [tf.sum(tf.mul(nll, weights)), nll, tf.neg(tf.add(nll, tf.max(logp, 1)))];
    if (!gradient) return results;
    const dlogits = tf.mul(tf.sub(tf.exp(logp), hit), tf.expandDims(weights, 1));
    results.push(tf.matMul(dlogits, used));
    if (!ofWeight) return results;
    const dw = tf.pad(tf.matMul(dlogits, hidden, true, false) as tf.Tensor2D, [
      [0, weight.shape[0]! - vocabulary],
      [0, 0],
    ]);
    if (into) addInto(into, dw);
    else results.push(dw);
    return results;
  },
  gradient: {
    inputsToSave: [],
    outputsToSave: [false, false, false, true, true],
    run: (dy, [dh, dw], { into }) => {
      const none = () => {
        throw new Error('labels and weights have no gradient');
      };
      // What went into the accumulator cannot be scaled any more.
      if (into && dy.dataSync()[0] !== 1)
        throw new Error('fold factors of the loss into the weights of its rows');
      return {
        hidden: () => tf.mul(dh!, dy),
        weight: () => (into ? null : tf.mul(dw!, dy)),
        labels: none,
        weights: none,
      };
    },
  },
});

/** Loss and its terms. */
export interface CrossEntropy {
  /** sum_r weights_r * nll_r */
  loss: tf.Scalar;
  /** -log p of each row's label, without a gradient */
  nll_R: tf.Tensor1D;
  /** logit of each row's label, less the largest: 0 where it is the likeliest. Without a gradient. */
  margin_R: tf.Tensor1D;
}

/**
 * @param weights_R factor of each row's term; a mean over targets is 1 / their number.
 * @param vocabulary how many of the V rows are words; all by default.
 * Throws when a label is outside the vocabulary.
 */
export function linearCrossEntropy(
  hidden_RD: tf.Tensor2D,
  weight_VD: tf.Tensor,
  labels_R: tf.Tensor1D,
  weights_R: tf.Tensor1D,
  vocabulary = weight_VD.shape[0]!,
): CrossEntropy {
  const gradient = isRecording();
  const into = gradient ? accumulatorOf(weight_VD) : undefined;
  const [loss, nll, margin] = run(
    { hidden: hidden_RD, weight: weight_VD, labels: labels_R, weights: weights_R },
    { vocabulary, gradient, ofWeight: wantsGradient(weight_VD), into },
  );
  return {
    loss: loss as tf.Scalar,
    nll_R: nll as tf.Tensor1D,
    margin_R: margin as tf.Tensor1D,
  };
}
