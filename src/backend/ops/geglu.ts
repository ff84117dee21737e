/**
 * GeGLU: gelu_tanh(gate) * up (transformers: activation gelu_pytorch_tanh in Gemma3MLP).
 *
 * Shapes: M tokens, F feed-forward.
 */
import * as tf from '../tfjs.ts';
import { addon } from '../torch/addon.ts';
import { resultHandle } from '../torch/register.ts';
import { defineKernel } from './define.ts';

type In = { gate: tf.TensorInfo; up: tf.TensorInfo };
const ROOT = Math.sqrt(2 / Math.PI);
const CUBE = 0.044715;

function tanhPart(x: tf.Tensor): tf.Tensor {
  return tf.tanh(tf.mul(tf.mul(x, tf.add(tf.mul(tf.square(x), CUBE), 1)), ROOT));
}

const grad = defineKernel<In & { dy: tf.TensorInfo }, object>({
  name: 'GeGLUGrad',
  native: ({ dy, gate, up }, _, b) => {
    addon().gegluGrad(b.handle(dy), b.handle(gate), b.handle(up));
    const [dgate, dup] = [resultHandle(0), resultHandle(1)];
    return [b.wrap(dgate, 'float32', gate.shape), b.wrap(dup, 'float32', up.shape)];
  },
  anyDevice: true,
  composed: ({ dy, gate, up }) => {
    const t = tanhPart(gate);
    const half = tf.mul(tf.add(t, 1), 0.5);
    const slope = tf.add(tf.mul(tf.square(gate), 3 * CUBE), 1);
    const curve = tf.mul(tf.mul(tf.mul(gate, 0.5 * ROOT), tf.sub(1, tf.square(t))), slope);
    return [tf.mul(tf.mul(dy, up), tf.add(half, curve)), tf.mul(dy, tf.mul(gate, half))];
  },
});

const run = defineKernel<In, object>({
  name: 'GeGLU',
  native: ({ gate, up }, _, b) => [
    b.wrap(addon().geglu(b.handle(gate), b.handle(up)), 'float32', gate.shape),
  ],
  anyDevice: true,
  composed: ({ gate, up }) => [tf.mul(tf.mul(tf.mul(gate, 0.5), tf.add(tanhPart(gate), 1)), up)],
  gradient: {
    inputsToSave: ['gate', 'up'],
    run: (dy, [gate, up]) => {
      const [dgate, dup] = grad({ dy, gate: gate!, up: up! }, {});
      return { gate: () => dgate!, up: () => dup! };
    },
  },
});

/** gelu_tanh(gate_MF) * up_MF. */
export function geglu(gate_MF: tf.Tensor2D, up_MF: tf.Tensor2D): tf.Tensor2D {
  return run({ gate: gate_MF, up: up_MF }, {})[0] as tf.Tensor2D;
}
