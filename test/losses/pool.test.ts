import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parameterOf, rmsNorm, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { torchBackend } from '../../src/backend/torch/index.ts';
import { meanPool, normalizePooled, poolStatistics, type TokenRange } from '../../src/losses/index.ts';
import { expectClose, settings, tensor, valueAndGradients } from './expected.ts';

const WHOLE = { bos: true, weights: 'mean' } as const;
const ranges = (...pairs: Array<[number, number]>): TokenRange[] =>
  pairs.map(([start, end]) => ({ start, end }));

describe.each(['torch', 'wasm'] as const)('pooled sentences on %s', (name) => {
  let sentences: TokenRange[];
  beforeAll(async () => {
    await startBackend({ name, compute: 'float32' });
    sentences = ranges(...(await settings()).sentences);
  });

  it('is the mean of the tokens of each, without <bos> or with more weight on later ones', () => {
    tf.tidy(() => {
      const hidden = tf.tensor3d([[[100], [1], [3], [200], [5], [-9]]]);
      const two = ranges([0, 3], [3, 5]);
      const pool = (bos: boolean, weights: 'mean' | 'position') =>
        Array.from(meanPool(hidden, two, { bos, weights }).dataSync());
      expectClose(pool(true, 'mean'), [104 / 3, 102.5], 1e-6);
      expectClose(pool(false, 'mean'), [2, 5], 1e-6);
      expectClose(pool(true, 'position'), [(100 + 2 + 9) / 6, (200 + 10) / 3], 1e-6);
      expectClose(pool(false, 'position'), [(1 + 6) / 3, 5], 1e-6);
    });
  });

  it('has the values and gradients of PyTorch for every setting', () => {
    const [mean_D, std_D] = [tensor<tf.Rank.R1>('pool.mean'), tensor<tf.Rank.R1>('pool.std')];
    const cotangent = tensor('pool.cotangent');
    for (const bos of [true, false])
      for (const weights of ['mean', 'position'] as const)
        for (const normalize of ['none', 'center', 'standardize'] as const) {
          const key = `pool.${bos}.${weights}.${normalize}`;
          const pool = (hidden: tf.Tensor) =>
            normalizePooled(meanPool(hidden as tf.Tensor3D, sentences, { bos, weights }), normalize, {
              mean_D,
              std_D,
            });
          tf.tidy(() =>
            expectClose(pool(tensor('pool.hidden')).dataSync(), tensor(`${key}.value`).dataSync()),
          );
          const { gradients } = valueAndGradients({ hidden: tensor('pool.hidden') }, ({ hidden }) =>
            tf.sum(tf.mul(pool(hidden), cotangent)),
          );
          expectClose(gradients.hidden, tensor(`${key}.dhidden`).dataSync());
        }
  });

  it('is an error where a sentence has no token left, and where sentences are not one after the other', () => {
    const hidden = tf.zeros([1, 6, 2]) as tf.Tensor3D;
    const pool = (sentences: TokenRange[], bos: boolean) => () =>
      tf.tidy(() => meanPool(hidden, sentences, { ...WHOLE, bos }));
    expect(pool(ranges([0, 3], [3, 4]), true)).not.toThrow();
    expect(pool(ranges([0, 3], [3, 4]), false)).toThrow('sentence 1 has no token left to pool');
    expect(pool(ranges([0, 3], [3, 3]), true)).toThrow('sentence 1 has no token left to pool');
    expect(pool(ranges([3, 6], [0, 3]), true)).toThrow('sentence 1 (tokens 0 to 3) is out of order');
    expect(pool(ranges([0, 7]), true)).toThrow('outside of 6 tokens');
    expect(pool([], true)).toThrow('no sentence to pool');
    expect(() => normalizePooled(tf.zeros([1, 2]), 'center')).toThrow('needs the statistics');
  });
});

describe('pooled sentences stored as bf16', () => {
  beforeAll(async () => {
    await startBackend({ name: 'torch', compute: 'float32' });
  });
  afterEach(() => {
    torchBackend().storageType = 'float32';
  });

  it('is summed in fp32: nothing is lost beyond what storage has rounded', () => {
    torchBackend().storageType = 'bfloat16';
    // 256 and 255 ones: in bf16, 256 + 1 is 256.
    const values = [256, ...Array.from({ length: 255 }, () => 1)];
    const hidden = parameterOf(tf.tensor3d(values, [1, 256, 1]), 'hidden');
    const pooled = tf.tidy(
      () => meanPool(hidden as unknown as tf.Tensor3D, ranges([0, 256]), WHOLE).dataSync()[0],
    );
    expect(pooled).toBeCloseTo(511 / 256, 6);
    hidden.dispose();
  });

  it('gives its gradient to a norm of bf16 rows below it', () => {
    const gradient = () => {
      const x = parameterOf(tf.randomNormal([5, 8], 0, 1, 'float32', 1), 'x');
      const weight = parameterOf(tf.zeros([8]), 'weight');
      const f = (x: tf.Tensor) => {
        const hidden = tf.reshape(rmsNorm(x, weight, 1e-6), [1, 5, 8]) as tf.Tensor3D;
        return tf.sum(tf.square(meanPool(hidden, ranges([0, 5]), WHOLE))) as tf.Scalar;
      };
      const dx = tf.tidy(() => tf.grad(f)(x).dataSync().slice());
      tf.dispose([x, weight]);
      return dx;
    };
    const exact = gradient();
    torchBackend().storageType = 'bfloat16';
    expectClose(gradient(), exact, 0.03);
  });
});

describe('statistics of pooled vectors', () => {
  it('are mean and standard deviation of each dimension, with 1 for one that never changes', () => {
    const { mean_D, std_D } = poolStatistics([
      [1, 7, 1e6 + 1],
      [3, 7, 1e6 + 3],
    ]);
    expect([...mean_D]).toEqual([2, 7, 1e6 + 2]);
    expect([...std_D]).toEqual([1, 1, 1]);
  });

  it('make what they were measured on mean 0 and standard deviation 1', () => {
    const rows = Array.from({ length: 9 }, (_, i) => [Math.sin(i) * 40 + 900, Math.cos(3 * i)]);
    const { mean_D, std_D } = poolStatistics(rows);
    for (const d of [0, 1]) {
      const z = rows.map((row) => (row[d]! - mean_D[d]!) / std_D[d]!);
      expect(z.reduce((sum, x) => sum + x, 0) / 9).toBeCloseTo(0, 5);
      expect(z.reduce((sum, x) => sum + x * x, 0) / 9).toBeCloseTo(1, 5);
    }
  });

  it('refuse nothing, vectors of two lengths and what is not finite', () => {
    expect(() => poolStatistics([])).toThrow('no pooled vectors');
    expect(() => poolStatistics([[1], [1, 2]])).toThrow('different lengths');
    expect(() => poolStatistics([[Number.NaN], [1]])).toThrow('not finite');
  });
});
