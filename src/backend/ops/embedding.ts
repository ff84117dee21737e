/**
 * Rows of a table by id, scaled. Its gradient is scattered straight into the accumulator, so that a step never holds a
 * second dense table (671 MB for Gemma 3 270M in fp32).
 *
 * Shapes: M tokens, V vocabulary, D model.
 */
import * as tf from '../tfjs.ts';
import { addon, storageCode } from '../torch/addon.ts';
import { torchBackend } from '../torch/backend.ts';
import { defineKernel } from './define.ts';
import { requireWithin } from './within.ts';

type In = { weight: tf.TensorInfo; ids: tf.TensorInfo };
type Attrs = { scale: number };

const run = defineKernel<In, Attrs>({
  name: 'Embedding',
  // The residual stream begins here: what it is stored as, everything that is computed from it is.
  native: ({ weight, ids }, { scale }, backend) => {
    const storage = storageCode(backend.storageType);
    return [
      backend.wrap(addon().embedding(backend.handle(weight), backend.handle(ids), scale, storage), 'float32'),
    ];
  },
  anyDevice: true,
  composed: ({ weight, ids }, { scale }) => {
    requireWithin(ids, weight.shape[0]!, 'id', 'table');
    return [tf.mul(tf.gather(weight, ids as tf.Tensor1D), scale)];
  },
  gradient: {
    inputsToSave: ['weight', 'ids'],
    run: (dy, [weight, ids], { scale }) => ({
      weight: (into) => {
        const rows = tf.mul(dy, scale);
        if (into && tf.getBackend() === 'torch') {
          const backend = torchBackend();
          addon().scatterRows(backend.handle(rows), backend.handle(ids!), backend.handle(into));
          return into;
        }
        return tf.unsortedSegmentSum(rows, ids as tf.Tensor1D, weight!.shape[0]!);
      },
      ids: () => {
        throw new Error('ids have no gradient');
      },
    }),
  },
});

/** out_MD = scale * weight_VD[ids_M], stored as the backend's setting says. Throws when an id is outside the table. */
export function embedding(weight_VD: tf.Tensor, ids_M: tf.Tensor1D, scale: number): tf.Tensor2D {
  return tf.tidy(() => run({ weight: weight_VD, ids: ids_M }, { scale })[0] as tf.Tensor2D);
}
