/** Optimizers against PyTorch's and transformers' (test/parity/optimizers.py), and how bf16 weights are written back. */
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  adafactorStep,
  adamwStep,
  float32Copy,
  parameterOf,
  type Rounding,
  startBackend,
  zeroState,
} from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { torchBackend } from '../../src/backend/torch/index.ts';
import { openSafetensors, type TensorFile } from '../../src/model/files/index.ts';
import { startTorch } from './torch.ts';

type Settings = Record<string, number | number[] | boolean>;
const FIXTURE = fileURLToPath(new URL('../fixtures/optimizers.safetensors', import.meta.url));
const CASES = [
  'adamw',
  'adafactor_matrix',
  'adafactor_decay',
  'adafactor_scaled',
  'adafactor_clipped',
  'adafactor_vector',
];
let file: TensorFile;
let settings: Record<string, Settings>;

beforeAll(async () => {
  file = await openSafetensors(FIXTURE);
  settings = JSON.parse(file.metadata.settings!);
});
afterAll(() => file.close());
afterEach(() => {
  if (tf.getBackend() === 'torch') torchBackend().storageType = 'float32';
  tf.disposeVariables();
});

async function read(name: string): Promise<tf.Tensor> {
  const source = file.tensors.get(name)!;
  return tf.tensor(await source.readFloat32(), [...source.shape]);
}

function largestDifference(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!);
}

/** One update by our optimizer of the case's kind; the state is made before the first. */
function stepper(parameter: tf.Variable, s: Settings, isAdamw: boolean) {
  const [rows, columns] = parameter.shape as [number, number?];
  if (isAdamw) {
    const state = { m: zeroState(parameter.shape, 'm'), v: zeroState(parameter.shape, 'v') };
    const [beta1, beta2] = s.betas as [number, number];
    const hyper = { lr: s.lr as number, beta1, beta2, eps: s.eps as number, gradientScale: 1 };
    return (g: tf.Tensor, step: number) =>
      adamwStep(parameter, g, state, { ...hyper, weightDecay: s.weight_decay as number, step });
  }
  const state = {
    row: zeroState([rows], 'row'),
    column: columns === undefined ? undefined : zeroState([columns], 'column'),
  };
  return (g: tf.Tensor, step: number) =>
    adafactorStep(parameter, g, state, {
      lr: s.lr as number,
      beta2: 1 - step ** ((s.decay_rate as number) ?? -0.8),
      eps: 1e-30,
      epsScale: 1e-3,
      clipThreshold: (s.clip_threshold as number) ?? 1,
      weightDecay: (s.weight_decay as number) ?? 0,
      gradientScale: 1,
      scaleParameter: s.scale_parameter === true,
    });
}

for (const backend of ['torch', 'wasm'] as const) {
  describe(`on the backend ${backend}`, () => {
    beforeAll(() => startBackend({ name: backend, compute: 'float32' }));
    for (const name of CASES) {
      it(`${name} is what the reference does, three steps on`, async () => {
        const parameter = parameterOf(await read(`${name}.before`), name);
        const update = stepper(parameter, settings[name]!, name === 'adamw');
        for (const step of [1, 2, 3]) {
          update(await read(`${name}.gradient.${step}`), step);
          expect(largestDifference(parameter, await read(`${name}.after.${step}`))).toBeLessThan(2e-7);
        }
      });
    }
  });
}

describe('AdamW', () => {
  beforeAll(startTorch);

  it('moves weights by what the formula says for gradients of any size, of any place in the row', () => {
    // 1e-22 squared is a denormal number, of which some CPUs know no reciprocal: the whole row has it, whatever is left over
    // when it is taken eight at a time.
    for (const gradient of [0, 1e-38, 1e-24, 1e-22, 3e-20, 1e-10, 1, 1e10]) {
      const parameter = parameterOf(tf.ones([1, 61]), 'p');
      const hyper = {
        lr: 0.1,
        beta1: 0.9,
        beta2: 0.95,
        eps: 1e-8,
        weightDecay: 0,
        step: 1,
        gradientScale: 1,
      };
      const state = { m: zeroState([1, 61], 'm'), v: zeroState([1, 61], 'v') };
      adamwStep(parameter, tf.fill([1, 61], gradient), state, hyper);
      const right = 1 - (0.1 * gradient) / (gradient + 1e-8);
      for (const weight of parameter.dataSync()) expect(weight).toBeCloseTo(right, 5);
      tf.disposeVariables();
    }
  });
});

describe('weights stored as bf16', () => {
  beforeAll(startTorch);
  const ONES = [100, 1000];
  /** A thousandth of the last bit of 1 in bf16, 2^-8 below it. */
  const LITTLE = 2 ** -8 / 1000;
  /** Every update subtracts `lr`. */
  const update = (parameter: tf.Variable, rounding: Rounding, lr = LITTLE) => {
    const zero = () => zeroState(parameter.shape, 'moment');
    const hyper = { lr, beta1: 0, beta2: 0, eps: 0, weightDecay: 0, step: 1, gradientScale: 1 };
    const gradient = tf.ones(parameter.shape);
    adamwStep(parameter, gradient, { m: zero(), v: zero() }, hyper, rounding);
  };
  const ones = () => {
    torchBackend().storageType = 'bfloat16';
    return parameterOf(tf.ones(ONES), 'ones');
  };

  it('move by what is less than their last bit, on average, under stochastic rounding', () => {
    const parameter = ones();
    for (let key = 1; key <= 20; key++) update(parameter, { key: key * 7919 });
    const moved = 1 - tf.mean(parameter).dataSync()[0]!;
    // 100,000 weights, 20 draws of probability 1/1000 each: the mean is known to about 2 %.
    expect(moved / (20 * LITTLE)).toBeGreaterThan(0.9);
    expect(moved / (20 * LITTLE)).toBeLessThan(1.1);
    expect(torchBackend().storage(parameter)).toBe('bfloat16');
  });

  it('are rounded alike by one key, and otherwise by another', () => {
    const [a, b, c] = [ones(), ones(), ones()];
    update(a, { key: 5 });
    update(b, { key: 5 });
    update(c, { key: 6 });
    expect(largestDifference(a, b)).toBe(0);
    expect(largestDifference(a, c)).toBeGreaterThan(0);
  });

  it('follow a master copy in fp32', () => {
    const parameter = ones();
    const master = float32Copy(parameter, 'master');
    expect(torchBackend().storage(master)).toBe('float32');
    for (let step = 0; step < 51; step++) update(parameter, { master }, 10 * LITTLE);
    expect(tf.max(master).dataSync()[0]).toBeCloseTo(1 - 510 * LITTLE, 5);
    expect(tf.max(parameter).dataSync()[0]).toBe(1 - 2 ** -8);
  });

  it('stay finite at the ends of the range', () => {
    torchBackend().storageType = 'bfloat16';
    const parameter = parameterOf(tf.tensor([3.3895313892515355e38, 0, 1e-40]), 'extreme');
    update(parameter, { key: 1 });
    expect([...parameter.dataSync()].every(Number.isFinite)).toBe(true);
  });
});
