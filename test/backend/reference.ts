/**
 * What fused operations are held to: the composed version of the same kernel, computed in fp64. On the torch backend a
 * float32 tensor may be stored as anything, and ATen computes in the widest type that goes in.
 */
import { expect } from 'vitest';
import * as tf from '../../src/backend/tfjs.ts';
import { type Storage, storageCode } from '../../src/backend/torch/addon.ts';
import { addon, torchBackend } from '../../src/backend/torch/index.ts';

export type Inputs = Record<string, tf.Tensor>;

export function normal(shape: number[], seed: number, deviation = 1): tf.Tensor {
  return tf.randomNormal(shape, 0, deviation, 'float32', seed);
}

/** The same values stored otherwise; tensors of other dtypes as they are. */
export function storedAs(x: tf.Tensor, storage: Storage): tf.Tensor {
  if (x.dtype !== 'float32') return x;
  const backend = torchBackend();
  const handle = addon().cast(backend.handle(x), storageCode(storage));
  return tf.engine().makeTensorFromTensorInfo(backend.wrap(handle, 'float32', x.shape as number[]));
}

function allStoredAs(inputs: Inputs, storage: Storage): Inputs {
  return Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, storedAs(x, storage)]));
}

/** The composed version of a kernel as ordinary operations, so that TensorFlow.js can differentiate it. */
export function composed(name: string, inputs: Inputs, attrs: object): tf.Tensor {
  const { kernelFunc } = tf.getKernel(name, 'wasm');
  return (kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend: tf.backend() }) as tf.Tensor[])[0]!;
}

/**
 * Largest difference of value and of each gradient, relative to the largest entry of the reference (plus one).
 *
 * @param of inputs that gradients are taken of
 * @param storage of the native operation's inputs; the reference gets the same values, rounded alike
 */
export function compare(
  native: (inputs: Inputs) => tf.Tensor,
  reference: (inputs: Inputs) => tf.Tensor,
  given: Inputs,
  of: string[],
  storage: Storage = 'float32',
): Record<string, number> {
  const differences: Record<string, number> = {};
  tf.tidy(() => {
    const inputs = allStoredAs(given, storage);
    const exact = allStoredAs(inputs, 'float64');
    const weights = normal(native(inputs).shape, 99);
    const all = (f: (inputs: Inputs) => tf.Tensor, x: Inputs) => {
      const scalar = (...xs: tf.Tensor[]) =>
        tf.sum(tf.mul(f({ ...x, ...Object.fromEntries(of.map((k, i) => [k, xs[i]!])) }), weights));
      return [f(x), ...tf.grads(scalar)(of.map((k) => x[k]!))];
    };
    const [ours, theirs] = [all(native, inputs), all(reference, exact)];
    expect(torchBackend().storage(theirs[0]!), 'what the reference is computed in').toBe('float64');
    ['value', ...of].forEach((name, i) => {
      const difference = tf.max(tf.abs(tf.sub(ours[i]!, theirs[i]!))).dataSync()[0]!;
      differences[name] = difference / (tf.max(tf.abs(theirs[i]!)).dataSync()[0]! + 1);
    });
  });
  return differences;
}

/** About an ulp of fp32 times the root of the terms that are summed; of bf16, half an ulp and what it makes of a sum. */
export function expectSmall(differences: Record<string, number>, most = 5e-6): void {
  for (const [name, difference] of Object.entries(differences)) expect(difference, name).toBeLessThan(most);
}
