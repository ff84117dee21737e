/** Kernels that tfjs-backend-wasm 4.22.0 lacks and training needs. */
import * as tf from './tfjs.ts';

let registered = false;

/** Registers them. Idempotent. */
export function registerWasmKernels(): void {
  if (registered) return;
  registered = true;
  tf.registerKernel({
    kernelName: tf.UnsortedSegmentSum,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { x, segmentIds } = inputs as { x: tf.Tensor; segmentIds: tf.Tensor };
      return segmentSum(x, segmentIds, (attrs as { numSegments: number }).numSegments);
    },
  });
}

/** Adds the rows of x with the same id: the gradient of gathering rows. Rows with a negative id are left out. */
function segmentSum(x: tf.Tensor, ids: tf.Tensor, numSegments: number): tf.Tensor {
  const shape = [numSegments, ...x.shape.slice(ids.rank)];
  const width = tf.util.sizeFromShape(shape.slice(1));
  const rows = x.dataSync() as Float32Array;
  const sums = new Float32Array(numSegments * width);
  for (const [row, id] of (ids.dataSync() as Int32Array).entries()) {
    if (id < 0) continue;
    for (let i = 0; i < width; i++) sums[id * width + i]! += rows[row * width + i]!;
  }
  return tf.tensor(sums, shape, x.dtype as 'float32');
}
