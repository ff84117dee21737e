/**
 * One Adafactor update of one parameter, in place, without a first moment (transformers, optimization.py: Adafactor with
 * `relative_step=False`): a matrix keeps running means over its rows and its columns instead of a second moment.
 *
 * Shapes: R rows, C columns.
 */
import * as tf from '../tfjs.ts';
import { addon } from '../torch/addon.ts';
import { TorchBackend } from '../torch/backend.ts';
import type { Rounding } from './rounding.ts';

/** Zero before the first step. `row` has R values and `column` C; of anything but a matrix, `row` has all. */
export interface AdafactorState {
  row: tf.Variable;
  column: tf.Variable | undefined;
}

export interface AdafactorHyper {
  lr: number;
  /** Decay of the running means at this step: 1 - step^decay_rate. */
  beta2: number;
  /** Added to squares of the gradient. */
  eps: number;
  /** Least root mean square of a parameter that its step is scaled by. */
  epsScale: number;
  /** Largest root mean square of an update. */
  clipThreshold: number;
  weightDecay: number;
  /** Factor of the gradient, for clipping. */
  gradientScale: number;
  /** Multiply the step by the parameter's root mean square. */
  scaleParameter: boolean;
}

/** p and its running means after one step with gradient g. @param rounding of parameters stored as bf16 */
export function adafactorStep(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  { row, column }: AdafactorState,
  hyper: AdafactorHyper,
  { master, key }: Rounding = {},
): void {
  const b = tf.backend();
  if (b instanceof TorchBackend) {
    addon().adafactor(
      b.handle(parameter),
      b.handle(gradient),
      b.handle(row),
      column ? b.handle(column) : -1,
      master ? b.handle(master) : -1,
      key ?? 0,
      hyper.lr,
      hyper.beta2,
      hyper.eps,
      hyper.epsScale,
      hyper.clipThreshold,
      hyper.weightDecay,
      hyper.gradientScale,
      hyper.scaleParameter ? 1 : 0,
    );
    return;
  }
  tf.tidy(() => {
    const { beta2, eps, epsScale, clipThreshold, weightDecay, gradientScale, scaleParameter } = hyper;
    const g = tf.mul(gradient, gradientScale);
    const square = tf.add(tf.square(g), eps);
    const decayed = (old: tf.Tensor, now: tf.Tensor) => tf.add(tf.mul(old, beta2), tf.mul(now, 1 - beta2));
    let factor: tf.Tensor;
    if (column) {
      row.assign(decayed(row, tf.mean(square, 1)));
      column.assign(decayed(column, tf.mean(square, 0)));
      const rows = tf.rsqrt(tf.div(row, tf.mean(row)));
      factor = tf.mul(tf.expandDims(rows, 1), tf.expandDims(tf.rsqrt(column), 0));
    } else {
      row.assign(decayed(row, square));
      factor = tf.rsqrt(row);
    }
    const update = tf.mul(g, factor);
    const rms = (x: tf.Tensor) => Math.sqrt(tf.mean(tf.square(x)).dataSync()[0]!);
    const lr = scaleParameter ? hyper.lr * Math.max(epsScale, rms(parameter)) : hyper.lr;
    const size = lr / Math.max(1, rms(update) / clipThreshold);
    parameter.assign(tf.sub(tf.mul(parameter, 1 - weightDecay * lr), tf.mul(update, size)));
  });
}
