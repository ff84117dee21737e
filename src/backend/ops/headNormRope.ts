/**
 * What Gemma 3 does to queries and keys: RMSNorm over each head, then rotary position embedding, rotate-half
 * (transformers, modeling_gemma3.py: Gemma3Attention.forward, apply_rotary_pos_emb).
 *
 * Shapes: M tokens, N heads, H head dim, h = H / 2 angles.
 */
import * as tf from '../tfjs.ts';
import { addon } from '../torch/addon.ts';
import { resultHandle } from '../torch/register.ts';
import { defineKernel } from './define.ts';

type In = { x: tf.TensorInfo; weight: tf.TensorInfo; cos: tf.TensorInfo; sin: tf.TensorInfo };
type Attrs = { eps: number };

function rotate(x_MNH: tf.Tensor, cos_Mh: tf.Tensor, sin_Mh: tf.Tensor): tf.Tensor {
  const [cos, sin] = [tf.expandDims(cos_Mh, 1), tf.expandDims(sin_Mh, 1)];
  const [a, b] = tf.split(x_MNH, 2, -1) as [tf.Tensor, tf.Tensor];
  return tf.concat([tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))], -1);
}

const grad = defineKernel<In & { dy: tf.TensorInfo }, Attrs>({
  name: 'HeadNormRopeGrad',
  native: ({ dy, x, weight, cos, sin }, { eps }, b) => {
    addon().headNormRopeGrad(b.handle(dy), b.handle(x), b.handle(weight), b.handle(cos), b.handle(sin), eps);
    const [dx, dw] = [resultHandle(0), resultHandle(1)];
    return [b.wrap(dx, 'float32', x.shape), b.wrap(dw, 'float32', weight.shape)];
  },
  composed: ({ dy, x, weight, cos, sin }, { eps }) => {
    const turned = rotate(dy, cos, tf.neg(sin));
    const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps));
    const hat = tf.mul(x, rstd);
    const g = tf.mul(turned, tf.add(weight, 1));
    const dx = tf.mul(tf.sub(g, tf.mul(hat, tf.mean(tf.mul(g, hat), -1, true))), rstd);
    return [dx, tf.sum(tf.mul(turned, hat), [0, 1])];
  },
});

const run = defineKernel<In, Attrs>({
  name: 'HeadNormRope',
  native: ({ x, weight, cos, sin }, { eps }, b) => [
    b.wrap(
      addon().headNormRope(b.handle(x), b.handle(weight), b.handle(cos), b.handle(sin), eps),
      'float32',
      x.shape,
    ),
  ],
  composed: ({ x, weight, cos, sin }, { eps }) => {
    const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps));
    return [rotate(tf.mul(tf.mul(x, rstd), tf.add(weight, 1)), cos, sin)];
  },
  gradient: {
    inputsToSave: ['x', 'weight', 'cos', 'sin'],
    run: (dy, [x, weight, cos, sin], { eps }) => {
      const [dx, dw] = grad({ dy, x: x!, weight: weight!, cos: cos!, sin: sin! }, { eps });
      const none = () => {
        throw new Error('rotary angles have no gradient');
      };
      return { x: () => dx!, weight: () => dw!, cos: none, sin: none };
    },
  },
});

/** rope(rmsNorm(x_MNH, weight_H)) at the angles whose cosines and sines are cos_Mh, sin_Mh. */
export function headNormRope(
  x_MNH: tf.Tensor3D,
  weight_H: tf.Tensor,
  cos_Mh: tf.Tensor2D,
  sin_Mh: tf.Tensor2D,
  eps: number,
): tf.Tensor3D {
  return run({ x: x_MNH, weight: weight_H, cos: cos_Mh, sin: sin_Mh }, { eps })[0] as tf.Tensor3D;
}
