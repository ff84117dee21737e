/**
 * RMSNorm of Gemma 3, alone or added to a residual: y = x rsqrt(mean(x^2) + eps) (1 + w), statistics in fp32
 * (transformers, modeling_gemma3.py: Gemma3RMSNorm).
 *
 * Shapes: M tokens, D model.
 */
import * as tf from '../tfjs.ts';
import { addon } from '../torch/addon.ts';
import { resultHandle } from '../torch/register.ts';
import { defineKernel } from './define.ts';

type In = { x: tf.TensorInfo; weight: tf.TensorInfo; residual?: tf.TensorInfo };
type Attrs = { eps: number };
type GradIn = { dy: tf.TensorInfo; x: tf.TensorInfo; weight: tf.TensorInfo; rstd: tf.TensorInfo };

const grad = defineKernel<GradIn, object>({
  name: 'RMSNormGrad',
  native: ({ dy, x, weight, rstd }, _, backend) => {
    addon().rmsNormGrad(backend.handle(dy), backend.handle(x), backend.handle(weight), backend.handle(rstd));
    const [dx, dw] = [resultHandle(0), resultHandle(1)];
    return [backend.wrap(dx, 'float32', x.shape), backend.wrap(dw, 'float32', weight.shape)];
  },
  anyDevice: true,
  composed: ({ dy, x, weight, rstd }) => {
    const hat = tf.mul(x, rstd);
    const g = tf.mul(dy, tf.add(weight, 1));
    const dx = tf.mul(tf.sub(g, tf.mul(hat, tf.mean(tf.mul(g, hat), -1, true))), rstd);
    const lead = Array.from({ length: x.rank - 1 }, (_, i) => i);
    return [dx, tf.sum(tf.mul(dy, hat), lead)];
  },
});

const run = defineKernel<In, Attrs>({
  name: 'RMSNorm',
  native: ({ x, weight, residual }, { eps }, backend) => {
    addon().rmsNorm(backend.handle(x), backend.handle(weight), residual ? backend.handle(residual) : -1, eps);
    const [y, rstd] = [resultHandle(0), resultHandle(1)];
    return [backend.wrap(y, 'float32', x.shape), backend.wrap(rstd, 'float32', [...x.shape.slice(0, -1), 1])];
  },
  anyDevice: true,
  composed: ({ x, weight, residual }, { eps }) => {
    const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps));
    const y = tf.mul(tf.mul(x, rstd), tf.add(weight, 1));
    return [residual ? tf.add(residual, y) : y, rstd];
  },
  gradient: {
    inputsToSave: ['x', 'weight'],
    outputsToSave: [false, true],
    run: (dy, [x, weight, rstd]) => {
      // Both come from one kernel, so it runs here and not in the closures, each of which has a scope of its own.
      const [dx, dw] = grad({ dy, x: x!, weight: weight!, rstd: rstd! }, {});
      return { x: () => dx!, weight: () => dw!, residual: () => dy.clone() };
    },
  },
});

/** RMSNorm over the last axis; with `residual`, residual + norm(x) (Gemma 3's post-norms). */
export function rmsNorm(x: tf.Tensor, weight: tf.Tensor, eps: number, residual?: tf.Tensor): tf.Tensor {
  return run(
    (residual ? { x, weight, residual } : { x, weight }) as {
      x: tf.Tensor;
      weight: tf.Tensor;
      residual: tf.Tensor;
    },
    { eps },
  )[0]!;
}
