/** Kernels that tfjs-backend-wasm 4.22.0 lacks and training needs, and its matrix product where that is slow. */
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
  const slow = tf.getKernel(tf.BatchMatMul, 'wasm');
  tf.unregisterKernel(tf.BatchMatMul, 'wasm');
  tf.registerKernel({
    ...slow,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { a, b } = inputs as { a: tf.Tensor; b: tf.Tensor };
      const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
      const plain = (x: tf.Tensor, y: tf.Tensor) =>
        slow.kernelFunc({
          inputs: { a: x, b: y },
          attrs: { transposeA: false, transposeB: false },
          backend,
        }) as tf.TensorInfo;
      return tf.tidy(
        () => product(transposeA ? turned(a) : a, transposeB ? turned(b) : b, plain) as tf.Tensor,
      );
    },
  });
}

/**
 * Products of a batch, one after the other: only a plain product of two matrices reaches XNNPACK. A batch, or a matrix that
 * is to be transposed on the way, goes through three nested loops there, 5 to 50 times slower (256 x 512 x 1024).
 */
function product(
  a: tf.Tensor,
  b: tf.Tensor,
  plain: (a: tf.Tensor, b: tf.Tensor) => tf.TensorInfo,
): tf.TensorInfo {
  const batch = a.shape.slice(0, -2);
  const count = tf.util.sizeFromShape(batch);
  if (count === 1 || !tf.util.arraysEqual(batch, b.shape.slice(0, -2))) return plain(a, b);
  const parts = (x: tf.Tensor) => tf.unstack(tf.reshape(x, [count, ...x.shape.slice(-2)]));
  const [as, bs] = [parts(a), parts(b)];
  const products = as.map((part, i) => plain(part, bs[i]!));
  const made = products.map(({ dataId, shape, dtype }) =>
    tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype }),
  );
  return tf.reshape(tf.stack(made), [...batch, ...made[0]!.shape]);
}

/** With its last two axes exchanged. */
function turned(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, i) => i);
  return tf.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
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
