/** Whatever library multiplies, the product is the same; which of them there are depends on the machine. */
import { beforeAll, describe, expect, it } from 'vitest';
import { Gradients, linear, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { addon } from '../../src/backend/torch/index.ts';
import { openOpenBlas } from '../../src/backend/torch/openblas.ts';
import { normal, storedAs } from './reference.ts';

/** Values, and gradients of both sides, of a product by `library`; or undefined where that cannot be had. */
async function productBy(library: 'ATen' | 'oneDNN' | 'OpenBLAS') {
  const info = await startBackend({ name: 'torch', compute: 'float32', matmul: library });
  if (info.matmul !== library) return undefined;
  const [x, weight] = [normal([300, 70], 1), normal([90, 70], 2)].map((t) => tf.variable(t)) as [
    tf.Variable,
    tf.Variable,
  ];
  const parameters = new Map([
    ['x', x],
    ['weight', weight],
  ]);
  const gradients = new Gradients(parameters);
  const y = linear(x as tf.Tensor as tf.Tensor2D, weight);
  gradients.accumulate(() => tf.sum(tf.square(linear(x as tf.Tensor as tf.Tensor2D, weight))) as tf.Scalar);
  return [y, gradients.get('x'), gradients.get('weight')];
}

describe('a product of matrices and its gradients', () => {
  let exact: tf.Tensor[];
  beforeAll(async () => {
    await startBackend({ name: 'torch' });
    const [x, w] = [storedAs(normal([300, 70], 1), 'float64'), storedAs(normal([90, 70], 2), 'float64')];
    const y = tf.matMul(x!, w!, false, true);
    const dy = tf.mul(y, 2);
    exact = [y, tf.matMul(dy, w!), tf.matMul(dy, x!, true, false)];
  });
  const present = { ATen: true, oneDNN: true, OpenBLAS: false };
  for (const library of ['ATen', 'oneDNN', 'OpenBLAS'] as const) {
    it(`are those of fp64, by ${library}`, async ({ skip }) => {
      const ours = await productBy(library);
      if (ours === undefined && !present[library]) skip(`no ${library} on this machine`);
      for (const [i, value] of ours!.entries()) {
        const size = tf.max(tf.abs(exact[i]!)).dataSync()[0]!;
        expect(tf.max(tf.abs(tf.sub(value, exact[i]!))).dataSync()[0]! / size).toBeLessThan(2e-6);
      }
    });
  }
});

it('a file that is no OpenBLAS is none', async () => {
  await startBackend({ name: 'torch' });
  expect(addon().openOpenBlas('/nowhere/libopenblas.so')).toBe('');
  expect(addon().openOpenBlas('libc.so.6')).toBe('');
  expect(typeof openOpenBlas()).toBe('string');
});
