/** How a kernel of TensorFlow.js is registered for the torch backend: one call, typed by its inputs and attributes. */
import * as tf from '../tfjs.ts';
import { addon, type Handle, RESULTS, scratch } from './addon.ts';
import type { TorchBackend } from './backend.ts';

export const BACKEND_NAME = 'torch';

export type Inputs = tf.NamedTensorInfoMap;
export type Attributes = tf.NamedAttrMap;
type Result = tf.TensorInfo | tf.TensorInfo[];

/** Registers `run` as the torch version of a kernel. */
export function kernel<I = Inputs, A = Attributes>(
  kernelName: string,
  run: (inputs: I, attrs: A, backend: TorchBackend) => Result,
): void {
  tf.registerKernel({
    kernelName,
    backendName: BACKEND_NAME,
    kernelFunc: ({ inputs, attrs, backend }) => run(inputs as I, (attrs ?? {}) as A, backend as TorchBackend),
  });
}

/** Handles of the last kernel's several results; -1 where one was not wanted. */
export function resultHandle(k: number): Handle {
  return scratch[RESULTS + k]!;
}

/** Runs `use` with the handle of a view that is freed afterwards. */
export function withView<T>(view: Handle, use: (view: Handle) => T): T {
  try {
    return use(view);
  } finally {
    addon().free(view);
  }
}
