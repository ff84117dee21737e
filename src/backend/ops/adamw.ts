/** One AdamW update of one parameter, in place: torch.optim.AdamW's formula (decoupled decay, bias correction). */
import * as tf from '../tfjs.ts';
import { addon } from '../torch/addon.ts';
import { TorchBackend } from '../torch/backend.ts';
import type { Rounding } from './rounding.ts';

/** First and second moment, zero before the first step. */
export interface AdamWState {
  m: tf.Variable;
  v: tf.Variable;
}

export interface AdamWHyper {
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  /** 1 for the first update. */
  step: number;
  /** Factor of the gradient, for clipping. */
  gradientScale: number;
}

/** p, m and v after one step with gradient g of the same shape. @param rounding of parameters stored as bf16 */
export function adamwStep(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  { m, v }: AdamWState,
  hyper: AdamWHyper,
  { master, key }: Rounding = {},
): void {
  const { lr, beta1, beta2, eps, weightDecay, step, gradientScale } = hyper;
  const b = tf.backend();
  if (b instanceof TorchBackend) {
    addon().adamw(
      b.handle(parameter),
      b.handle(gradient),
      b.handle(m),
      b.handle(v),
      master ? b.handle(master) : -1,
      key ?? 0,
      lr,
      beta1,
      beta2,
      eps,
      weightDecay,
      step,
      gradientScale,
    );
    return;
  }
  tf.tidy(() => {
    const g = tf.mul(gradient, gradientScale);
    m.assign(tf.add(tf.mul(m, beta1), tf.mul(g, 1 - beta1)));
    v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(g), 1 - beta2)));
    const denominator = tf.add(tf.div(tf.sqrt(v), Math.sqrt(1 - beta2 ** step)), eps);
    const update = tf.mul(tf.div(m, denominator), lr / (1 - beta1 ** step));
    parameter.assign(tf.sub(tf.mul(parameter, 1 - lr * weightDecay), update));
  });
}
