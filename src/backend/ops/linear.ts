/**
 * Linear layer without bias, weights as Hugging Face keeps them: y = x W^T.
 *
 * Shapes: M tokens, I in, O out.
 */
import * as tf from '../tfjs.ts';
import { addon } from '../torch/addon.ts';
import { torchBackend } from '../torch/backend.ts';
import { defineKernel } from './define.ts';
import { addInto } from './inPlace.ts';

type In = { x: tf.TensorInfo; weight: tf.TensorInfo };

const run = defineKernel<In, object>({
  name: 'Linear',
  native: ({ x, weight }, _, backend) => [
    backend.wrap(addon().matmul(backend.handle(x), backend.handle(weight), 0, 1), 'float32'),
  ],
  anyDevice: true,
  composed: ({ x, weight }) => [tf.matMul(x, weight, false, true)],
  gradient: {
    inputsToSave: ['x', 'weight'],
    run: (dy, [x, weight]) => ({
      x: () => tf.matMul(dy, weight!),
      weight: (into) => {
        if (!into) return tf.matMul(dy, x!, true, false);
        if (tf.getBackend() === 'torch') {
          const b = torchBackend();
          addon().linearGrad(b.handle(dy), b.handle(x!), b.handle(into));
        } else addInto(into, tf.matMul(dy, x!, true, false));
        return into;
      },
    }),
  },
});

/** y_MO = x_MI W_OI^T. */
export function linear(x_MI: tf.Tensor2D, weight_OI: tf.Tensor): tf.Tensor2D {
  return run({ x: x_MI, weight: weight_OI }, {})[0] as tf.Tensor2D;
}
