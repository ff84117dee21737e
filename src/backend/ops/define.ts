/**
 * How a fused operation is added: a TF.js kernel with a native version for the backend `torch`, a composed version of
 * ordinary TF.js operations for every other backend (and for the tests of the native one), and a gradient.
 */

import { type InputGradient, readsOnlyFirstGradient } from '../gradients.ts';
import * as tf from '../tfjs.ts';
import type { TorchBackend } from '../torch/backend.ts';
import { BACKEND_NAME } from '../torch/register.ts';

/** Backends that run the composed version; `cpu` is there for tests. */
export const COMPOSED_BACKENDS = ['wasm', 'tensorflow', 'cpu', 'webgpu', 'webgl'] as const;

type Tensors<I> = { [K in keyof I]: tf.Tensor };

export interface FusedKernel<I, A> {
  name: string;
  native: (inputs: I, attrs: A, backend: TorchBackend) => tf.TensorInfo[];
  /** Does the native version compute on every device? One that does not is for the CPU: elsewhere the composed one runs. */
  anyDevice?: boolean;
  composed: (inputs: Tensors<I>, attrs: A) => tf.Tensor[];
  /** What the gradient needs, and the gradient of each input given that of the first output. */
  gradient?: {
    inputsToSave: Array<keyof I & string>;
    outputsToSave?: boolean[];
    run: (dy: tf.Tensor, saved: tf.Tensor[], attrs: A) => Record<string, InputGradient>;
  };
}

/** Registers the kernel on all backends and returns how to run it. */
export function defineKernel<I extends object, A extends object>(
  kernel: FusedKernel<I, A>,
): (inputs: Tensors<I>, attrs: A) => tf.Tensor[] {
  const { name, native, composed, gradient, anyDevice = false } = kernel;
  const runComposed = (inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap | undefined) =>
    tf.tidy(() => composed(inputs as Tensors<I>, attrs as unknown as A));
  tf.registerKernel({
    kernelName: name,
    backendName: BACKEND_NAME,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const torch = backend as TorchBackend;
      if (!anyDevice && !torch.runsOwnKernels) return runComposed(inputs, attrs);
      return native(inputs as I, attrs as unknown as A, torch);
    },
  });
  for (const backendName of COMPOSED_BACKENDS) {
    tf.registerKernel({
      kernelName: name,
      backendName,
      kernelFunc: ({ inputs, attrs }) => runComposed(inputs, attrs),
    });
  }
  if (gradient) {
    readsOnlyFirstGradient(name);
    tf.registerGradient({
      kernelName: name,
      inputsToSave: gradient.inputsToSave,
      outputsToSave: gradient.outputsToSave,
      gradFunc: (dys: tf.Tensor | tf.Tensor[], saved: tf.Tensor[], attrs: tf.NamedAttrMap) =>
        gradient.run(Array.isArray(dys) ? dys[0]! : dys, saved, attrs as unknown as A) as Record<
          string,
          () => tf.Tensor
        >,
    });
  }
  return (inputs, attrs) =>
    tf
      .engine()
      .runKernel(
        name,
        inputs as tf.NamedTensorMap,
        attrs as unknown as tf.NamedAttrMap,
      ) as unknown as tf.Tensor[];
}
