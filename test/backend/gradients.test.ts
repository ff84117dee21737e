/** The replaced backward walk: frees as it goes, nests, and adds into accumulators. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  accumulateGradients,
  Gradients,
  linear,
  linearCrossEntropy,
  memoryInfo,
  recompute,
  resetPeakMemory,
  unrecorded,
} from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { startTorch } from './torch.ts';

beforeAll(startTorch);
afterEach(() => tf.disposeVariables());

const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const largest = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

/** A chain of layers whose activations are much larger than its weights. */
function chain(layers: number, width = 64, rows = 4096) {
  const weights = Array.from({ length: layers }, (_, i) => tf.mul(normal([width, width], i), 0.1));
  const x = normal([rows, width], 77) as tf.Tensor2D;
  const layer = (h: tf.Tensor, w: tf.Tensor) => tf.tidy(() => tf.tanh(linear(h as tf.Tensor2D, w)));
  return {
    weights,
    x,
    layer,
    loss: (...ws: tf.Tensor[]) => tf.mean(tf.square(ws.reduce<tf.Tensor>(layer, x))),
  };
}

describe('the backward walk', () => {
  it('gives higher-order gradients', () => {
    const cube = (x: tf.Tensor) => tf.mul(tf.mul(x, x), x);
    const second = tf.grad((x) => tf.sum(tf.grad(cube)(x)));
    expect(Array.from(second(tf.tensor1d([1, 2, 3])).dataSync())).toEqual(
      [6, 12, 18].map((v) => expect.closeTo(v, 4)),
    );
  });

  it('takes what is not recorded for a constant, and records again afterwards, even after an error', () => {
    const product = (x: tf.Tensor) => {
      expect(() =>
        unrecorded(() => {
          throw new Error('within');
        }),
      ).toThrow('within');
      return tf.sum(
        tf.mul(
          x,
          unrecorded(() => tf.square(x)),
        ),
      );
    };
    expect(
      Array.from(
        tf
          .grad(product)(tf.tensor1d([1, 2, 3]))
          .dataSync(),
      ),
    ).toEqual([1, 4, 9]);
  });

  it('frees activations while it walks: the peak stays near what the forward pass saved', () => {
    const { weights, loss } = chain(24);
    const before = memoryInfo().bytes;
    resetPeakMemory();
    tf.tidy(() => void tf.grads(loss)(weights));
    const activation = 4096 * 64 * 4;
    // One new tensor a layer is saved (tanh's output, the next layer's input); keeping every intermediate gradient as
    // well, as the original walk does, would take more than two a layer.
    expect(memoryInfo().peakBytes - before).toBeLessThan(1.5 * 24 * activation);
  });

  it('leaves no tensor behind after 200 steps', () => {
    const { weights, loss } = chain(3, 16, 32);
    const step = () => tf.tidy(() => void tf.grads(loss)(weights));
    step();
    const before = memoryInfo();
    for (let i = 0; i < 200; i++) step();
    expect(memoryInfo().numTensors).toBe(before.numTensors);
    expect(memoryInfo().bytes).toBe(before.bytes);
  });

  it('names the kernel that has no gradient', () => {
    expect(() => tf.grad((x) => tf.topk(x, 1).values)(tf.tensor1d([1, 2]))).toThrow(/TopK/);
  });
});

describe('recompute', () => {
  it('gives the same gradients with less memory', () => {
    const { weights, x, layer, loss } = chain(16);
    const sparing = (...ws: tf.Tensor[]) => {
      let h: tf.Tensor = x;
      for (let i = 0; i < ws.length; i += 4)
        h = recompute(([a, ...w]) => w.reduce<tf.Tensor>(layer, a!), [h, ...ws.slice(i, i + 4)]);
      return tf.mean(tf.square(h));
    };
    tf.tidy(() => {
      resetPeakMemory();
      const plain = tf.grads(loss)(weights);
      const plainPeak = memoryInfo().peakBytes;
      resetPeakMemory();
      const again = tf.grads(sparing)(weights);
      expect(memoryInfo().peakBytes).toBeLessThan(plainPeak);
      for (const [i, gradient] of plain.entries()) expect(largest(gradient, again[i]!)).toBeLessThan(1e-7);
    });
  });
});

describe('accumulateGradients', () => {
  const parameters = () =>
    new Map([
      ['a', tf.variable(normal([6, 4], 1))],
      ['b', tf.variable(normal([6, 4], 2))],
    ]);

  it('adds the gradients of several calls and returns the value', () => {
    const p = parameters();
    const x = normal([5, 4], 3) as tf.Tensor2D;
    const f = () => tf.mean(tf.mul(linear(x, p.get('a')!), linear(x, p.get('b')!))) as tf.Scalar;
    const gradients = new Gradients(p);
    const first = gradients.accumulate(f);
    expect(gradients.accumulate(f)).toBe(first);
    const [da, db] = tf.grads((a, b) => tf.mean(tf.mul(linear(x, a), linear(x, b))))([
      p.get('a')!,
      p.get('b')!,
    ]);
    expect(largest(gradients.get('a'), tf.mul(da!, 2))).toBeLessThan(1e-6);
    expect(largest(gradients.get('b'), tf.mul(db!, 2))).toBeLessThan(1e-6);
    gradients.zero();
    expect(gradients.globalNorm()).toBe(0);
    gradients.dispose();
  });

  it('leaves the gradient of a parameter that is not used alone', () => {
    const p = parameters();
    const gradients = new Gradients(p);
    gradients.accumulate(() => tf.sum(tf.square(p.get('a')!)) as tf.Scalar);
    expect(tf.max(tf.abs(gradients.get('b'))).dataSync()[0]).toBe(0);
    expect(gradients.globalNorm()).toBeCloseTo(
      Math.sqrt(tf.sum(tf.square(tf.mul(p.get('a')!, 2))).dataSync()[0]!),
      3,
    );
    gradients.dispose();
  });

  it('refuses to scale what cross-entropy has already put into the accumulator', () => {
    const p = parameters();
    const gradients = new Gradients(p);
    const loss = (scale: number) => () =>
      tf.mul(
        linearCrossEntropy(
          normal([2, 4], 5) as tf.Tensor2D,
          p.get('a')!,
          tf.tensor1d([0, 5], 'int32'),
          tf.ones([2]),
        ).loss,
        scale,
      ) as tf.Scalar;
    expect(() => gradients.accumulate(loss(1))).not.toThrow();
    expect(() => gradients.accumulate(loss(0.5))).toThrow(/fold factors of the loss into the weights/);
    gradients.dispose();
  });

  it('needs an accumulator for every parameter', () => {
    const p = parameters();
    expect(() => accumulateGradients(() => tf.scalar(1), p, new Map())).toThrow(/no accumulator for a/);
  });
});
