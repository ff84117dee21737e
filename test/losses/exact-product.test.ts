import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { exactProduct } from '../../src/losses/index.ts';
import { expectClose, valueAndGradients } from './expected.ts';

const normal = (shape: [number, number], seed: number) =>
  tf.randomNormal(shape, 0, 1, 'float32', seed) as tf.Tensor2D;

/** a b^T in float64. */
function reference(a: number[][], b: number[][]): number[] {
  return a.flatMap((x) => b.map((y) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)));
}

describe('a product in fp32', () => {
  beforeAll(async () => {
    await startBackend({ name: 'torch', compute: 'bfloat16' });
  });
  afterAll(async () => {
    await startBackend({ name: 'torch', compute: 'float32' });
  });

  it('stays in fp32 where products of the model are taken in bf16', () => {
    tf.tidy(() => {
      const [a, b] = [normal([50, 64], 1), normal([7, 64], 2)]; // a few rows are never lowered
      const expected = reference(a.arraySync(), b.arraySync());
      expectClose(exactProduct(a, b).dataSync(), expected, 1e-6);
      // Else the test would prove nothing.
      const lowered = tf.matMul(a, b, false, true).dataSync();
      expect(Math.max(...lowered.map((x, i) => Math.abs(x - expected[i]!)))).toBeGreaterThan(1e-3);
    });
  });

  it('has gradients in fp32, too', () => {
    const [a, b, dy] = [normal([5, 64], 1), normal([7, 64], 2), normal([5, 7], 3)];
    const { gradients } = valueAndGradients({ a, b }, (i) =>
      tf.sum(tf.mul(exactProduct(i.a as tf.Tensor2D, i.b as tf.Tensor2D), dy)),
    );
    const [g, columns] = [dy.arraySync(), (x: tf.Tensor2D) => tf.transpose(x).arraySync() as number[][]];
    expectClose(gradients.a, reference(g, columns(b)), 1e-6);
    expectClose(gradients.b, reference(columns(dy), columns(a)), 1e-6);
  });

  it('is the same in blocks of rows', () => {
    tf.tidy(() => {
      // 4 * 1100 * 1100 terms do not fit into one block.
      const [a, b] = [normal([4, 1100], 1), normal([1100, 1100], 2)];
      const first = exactProduct(tf.slice(a, [3, 0], [1, 1100]), b).dataSync();
      expectClose(exactProduct(a, b).dataSync().slice(3300), first, 1e-6);
    });
  });
});
