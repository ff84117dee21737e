/** Reductions, softmax, argument search, cumulative sums, top-k. */
import * as tf from '../../tfjs.ts';
import { addon, type ReductionName } from '../addon.ts';
import { kernel, resultHandle } from '../register.ts';

type One = { x: tf.TensorInfo };
type Axes = { axis?: number | number[]; reductionIndices?: number | number[]; keepDims?: boolean };

const REDUCTIONS: Record<string, [ReductionName, (dtype: tf.DataType) => tf.DataType]> = {
  Sum: ['sum', (dtype) => (dtype === 'bool' ? 'int32' : dtype)],
  Mean: ['mean', () => 'float32'],
  Max: ['max', (dtype) => dtype],
  Min: ['min', (dtype) => dtype],
  Prod: ['prod', (dtype) => (dtype === 'bool' ? 'int32' : dtype)],
  All: ['all', () => 'bool'],
  Any: ['any', () => 'bool'],
};

export function registerReduce(): void {
  for (const [name, [call, dtype]] of Object.entries(REDUCTIONS)) {
    kernel<One, Axes>(name, ({ x }, attrs, backend) => {
      const axes = tf.util.parseAxisParam((attrs.axis ?? attrs.reductionIndices)!, x.shape);
      const mask = axes.reduce((m, axis) => m | (1 << axis), 0);
      return backend.wrap(addon()[call](backend.handle(x), mask, attrs.keepDims ? 1 : 0), dtype(x.dtype));
    });
  }
  for (const [name, call] of [
    ['ArgMax', 'argMax'],
    ['ArgMin', 'argMin'],
  ] as const) {
    kernel<One, { axis: number }>(name, ({ x }, { axis }, backend) =>
      backend.wrap(addon()[call](backend.handle(x), tf.util.parseAxisParam(axis, x.shape)[0]!), 'int32'),
    );
  }
  kernel<{ logits: tf.TensorInfo }, { dim: number }>('Softmax', ({ logits }, { dim }, backend) =>
    backend.wrap(addon().softmax(backend.handle(logits), dim), 'float32', logits.shape),
  );
  kernel<{ logits: tf.TensorInfo }, { axis: number }>('LogSoftmax', ({ logits }, { axis }, backend) =>
    backend.wrap(addon().logSoftmax(backend.handle(logits), axis), 'float32', logits.shape),
  );
  kernel<One, { axis: number; exclusive: boolean; reverse: boolean }>('Cumsum', ({ x }, attrs, backend) => {
    const axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0]!;
    const handle = addon().cumsum(backend.handle(x), axis, attrs.exclusive ? 1 : 0, attrs.reverse ? 1 : 0);
    return backend.wrap(handle, x.dtype === 'bool' ? 'int32' : x.dtype, x.shape);
  });
  kernel<One, { k: number; sorted: boolean }>('TopK', ({ x }, { k }, backend) => {
    const shape = [...x.shape.slice(0, -1), k];
    addon().topK(backend.handle(x), k);
    const [values, indices] = [resultHandle(0), resultHandle(1)];
    return [backend.wrap(values, x.dtype, shape), backend.wrap(indices, 'int32', shape)];
  });
}
