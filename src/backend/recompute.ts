/**
 * Recomputation in place of memory: a function whose intermediate results are dropped and computed again in the backward
 * pass (activation checkpointing).
 */

import { isRecording } from './gradients.ts';
import * as tf from './tfjs.ts';

/**
 * f(inputs, constants), keeping only these for the gradient.
 * @param inputs every tensor that f's gradient is wanted of
 * @param constants what f reads beside them; without a gradient. A tensor that f closes over instead may be gone by then.
 */
export function recompute(
  f: (inputs: tf.Tensor[], constants: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  constants: tf.Tensor[] = [],
): tf.Tensor {
  if (!isRecording()) return f(inputs, constants);
  const split = (all: tf.Tensor[]) => [all.slice(0, inputs.length), all.slice(inputs.length)] as const;
  const run = tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: tf.Tensor[]) => void;
    const given = args as tf.Tensor[];
    save(given);
    return {
      value: f(...split(given)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [xs, kept] = split(saved);
        const gradients = tf.grads((...again: tf.Tensor[]) => f(again, kept))(xs, dy);
        return [...gradients, ...kept.map(() => tf.scalar(0))];
      },
    };
  });
  return run(...inputs, ...constants);
}
