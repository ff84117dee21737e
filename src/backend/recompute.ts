/**
 * Recomputation in place of memory: a function whose intermediate results are dropped and computed again in the backward
 * pass (activation checkpointing).
 */

import { isRecording } from './gradients.ts';
import * as tf from './tfjs.ts';

/**
 * f(inputs), keeping only `inputs` for the gradient.
 * @param inputs every tensor that f's gradient is wanted of; what f closes over beside them gets none.
 */
export function recompute(f: (inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]): tf.Tensor {
  if (!isRecording()) return f(inputs);
  const run = tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: tf.Tensor[]) => void;
    const xs = args as tf.Tensor[];
    save(xs);
    return {
      value: f(xs),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        tf.grads((...again: tf.Tensor[]) => f(again))(saved, dy),
    };
  });
  return run(...inputs);
}
