/** Tensors stored as bf16: what is computed from them is what fp64 makes of the same values, rounded once. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  accumulateGradients,
  attention,
  embedding,
  geglu,
  headNormRope,
  linear,
  linearCrossEntropy,
  parameterOf,
  rmsNorm,
  startBackend,
  zeroState,
} from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { torchBackend } from '../../src/backend/torch/index.ts';
import { compare, composed, expectSmall, type Inputs, normal, storedAs } from './reference.ts';

/** Half a unit in the last place of bf16, and what rounded values inside of an operation add to it. */
const ROUNDING = 2 ** -8;

const angles = (tokens: number, half: number) => {
  const theta = tf.mul(tf.expandDims(tf.range(0, tokens), 1), tf.expandDims(normal([half], 8), 0));
  return { cos: tf.cos(theta), sin: tf.sin(theta) };
};

/** Each operation with inputs that are stored as bf16, and the inputs whose gradients are compared. */
const OPERATIONS: Record<
  string,
  [(i: Inputs) => tf.Tensor, (i: Inputs) => tf.Tensor, () => Inputs, string[]]
> = {
  rmsNorm: [
    (i) => rmsNorm(i.x!, i.weight!, 1e-6, i.residual!),
    (i) => composed('RMSNorm', i, { eps: 1e-6 }),
    () => ({
      x: normal([70, 33], 1, 3),
      weight: normal([33], 2, 0.3),
      residual: normal([70, 33], 3),
    }),
    ['x', 'weight', 'residual'],
  ],
  headNormRope: [
    (i) => headNormRope(i.x as tf.Tensor3D, i.weight!, i.cos as tf.Tensor2D, i.sin as tf.Tensor2D, 1e-6),
    (i) => composed('HeadNormRope', i, { eps: 1e-6 }),
    () => ({ x: normal([70, 3, 16], 1), weight: normal([16], 2, 0.3), ...angles(70, 8) }),
    ['x', 'weight'],
  ],
  geglu: [
    (i) => geglu(i.gate as tf.Tensor2D, i.up as tf.Tensor2D),
    (i) => composed('GeGLU', i, {}),
    () => ({ gate: tf.mul(normal([64, 97], 1), 3), up: normal([64, 97], 2) }),
    ['gate', 'up'],
  ],
  linear: [
    (i) => linear(i.x as tf.Tensor2D, i.weight!),
    (i) => tf.matMul(i.x!, i.weight!, false, true),
    () => ({ x: normal([37, 24], 1), weight: normal([50, 24], 2) }),
    ['x', 'weight'],
  ],
  attention: [
    (i) =>
      attention(
        i.q as tf.Tensor3D,
        i.k as tf.Tensor3D,
        i.v as tf.Tensor3D,
        i.segments as tf.Tensor2D,
        40,
        0.25,
      ),
    (i) => composed('Attention', i, { window: 40, scale: 0.25, parents: new Int32Array(0) }),
    () => ({
      q: normal([200, 4, 16], 1),
      k: normal([200, 2, 16], 2),
      v: normal([200, 2, 16], 3),
      segments: tf.ones([1, 200], 'int32'),
    }),
    ['q', 'k', 'v'],
  ],
};

beforeAll(() => startBackend({ name: 'torch', compute: 'float32', storage: 'bfloat16' }));
afterEach(() => tf.disposeVariables());

for (const compute of ['float32', 'bfloat16'] as const) {
  describe(`stored as bf16, multiplied in ${compute}`, () => {
    beforeAll(() => startBackend({ name: 'torch', compute, storage: 'bfloat16' }));
    for (const [name, [native, reference, inputs, of]] of Object.entries(OPERATIONS)) {
      it(`${name} has the value and the gradients of fp64 to bf16's rounding, and stores them as bf16`, () => {
        const given = inputs();
        expectSmall(compare(native, reference, given, of, 'bfloat16'), 1.5 * ROUNDING);
        const stored = Object.fromEntries(
          Object.entries(given).map(([k, x]) => [k, storedAs(x, 'bfloat16')]),
        );
        expect(torchBackend().storage(native(stored))).toBe('bfloat16');
      });
    }
  });
}

describe('what stays fp32 with bf16 storage', () => {
  beforeAll(() => startBackend({ name: 'torch', compute: 'float32', storage: 'bfloat16' }));

  it('the loss and its terms, exact for the rounded inputs', () => {
    const [hidden, weight] = [normal([9, 16], 1), normal([700, 16], 2)].map((x) => storedAs(x, 'bfloat16'));
    const [labels, weights] = [tf.tensor1d([...Array(9).keys()], 'int32'), tf.ones([9]) as tf.Tensor1D];
    const { loss, nll_R } = linearCrossEntropy(hidden as tf.Tensor2D, weight!, labels, weights);
    const exact = composed(
      'LinearCrossEntropy',
      { hidden: storedAs(hidden!, 'float64'), weight: storedAs(weight!, 'float64'), labels, weights },
      { vocabulary: 700, gradient: false, into: undefined },
    );
    expect(Math.abs(loss.dataSync()[0]! / exact.dataSync()[0]! - 1)).toBeLessThan(1e-6);
    expect(torchBackend().storage(nll_R)).toBe('float32');
  });

  it('sums, means and softmax', () => {
    const x = storedAs(normal([3, 1000], 4), 'bfloat16');
    for (const y of [tf.sum(x, 1), tf.mean(x, 1), tf.softmax(x), tf.logSoftmax(x)])
      expect(torchBackend().storage(y)).toBe('float32');
  });

  it('the accumulated gradient of a weight: a thousand small parts are not lost', () => {
    const weight = parameterOf(tf.zeros([1, 4]), 'w');
    expect(torchBackend().storage(weight)).toBe('bfloat16');
    const into = zeroState([1, 4], 'gradient');
    const x = storedAs(tf.fill([1, 4], 0.01), 'bfloat16') as tf.Tensor2D;
    for (let i = 0; i < 1000; i++)
      accumulateGradients(
        () => tf.sum(linear(x, weight)) as tf.Scalar,
        new Map([['w', weight]]),
        new Map([['w', into]]),
      );
    const once = storedAs(tf.scalar(0.01), 'bfloat16').dataSync()[0]!;
    expect(into.dataSync()[0]! / (1000 * once)).toBeCloseTo(1, 4);
  });
});

it('the residual stream is stored as the setting says, whatever the weights are', () => {
  const table = normal([5, 8], 1);
  const ids = tf.tensor1d([0, 4], 'int32');
  expect(torchBackend().storage(embedding(table, ids, 2))).toBe('bfloat16');
  torchBackend().storageType = 'float32';
  expect(torchBackend().storage(embedding(storedAs(table, 'bfloat16'), ids, 2))).toBe('float32');
});

it('a weight wider than a panel is multiplied panel by panel, with the same result', async () => {
  await startBackend({ name: 'torch', compute: 'float32', storage: 'bfloat16' });
  const [x, weight] = [normal([20, 2000], 1), normal([5000, 2000], 2)]; // 10 M values, more than 8 M
  const narrow = storedAs(weight, 'bfloat16');
  const whole = linear(x as tf.Tensor2D, storedAs(narrow, 'float32'));
  expect(tf.max(tf.abs(tf.sub(linear(x as tf.Tensor2D, narrow), whole))).dataSync()[0]).toBeLessThan(1e-4);
  const dy = normal([20, 5000], 3);
  const back = tf.matMul(dy, storedAs(narrow, 'float32'));
  expect(tf.max(tf.abs(tf.sub(tf.matMul(dy, narrow), back))).dataSync()[0]).toBeLessThan(2e-3);
});

describe.each([true, false])(
  'the gradient of a weight multiplied in bf16, transposed first: %s',
  (transposes) => {
    it.each([
      [70, 33, 65],
      [70, 65, 33],
    ])('is that of fp64 for %i tokens, %i in, %i out', async (M, I, O) => {
      await startBackend({ name: 'torch', compute: 'bfloat16', storage: 'bfloat16', transposes });
      const [x, weight] = [storedAs(normal([M, I], 1), 'bfloat16'), parameterOf(normal([O, I], 2), 'w')];
      const into = zeroState([O, I], 'gradient');
      const factors = storedAs(normal([M, O], 3), 'bfloat16');
      accumulateGradients(
        () => tf.sum(tf.mul(linear(x as tf.Tensor2D, weight), factors)) as tf.Scalar,
        new Map([['w', weight]]),
        new Map([['w', into]]),
      );
      const exact = tf.matMul(storedAs(factors, 'float64'), storedAs(x, 'float64'), true, false);
      const size = tf.max(tf.abs(exact)).dataSync()[0]!;
      expect(tf.max(tf.abs(tf.sub(into, exact))).dataSync()[0]! / size).toBeLessThan(ROUNDING);
    });
  },
);
