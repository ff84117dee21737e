/**
 * tfjs-layers on the torch backend: the layers that TensorFlow.js' users build models of train with `fit` and an optimizer
 * of tfjs-core, as they do on wasm, with no kernel from anywhere else and no tensor left behind.
 */
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, describe, expect, it } from 'vitest';
import { type BackendName, memoryInfo, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';

const [ROWS, TOKENS, VOCABULARY, CLASSES] = [12, 6, 20, 4];
const TOLERANCE = 1e-5;

afterEach(() => tf.disposeVariables());

/** A small classifier that passes through every layer named in the test; weights are a function of their place. */
function classifier(): tfl.LayersModel {
  const { layers } = tfl;
  const units = 8;
  const tokens = tfl.input({ shape: [TOKENS] });
  const x = layers
    .embedding({ inputDim: VOCABULARY, outputDim: units, inputLength: TOKENS })
    .apply(tokens) as tfl.SymbolicTensor;
  const h = layers.layerNormalization().apply(x) as tfl.SymbolicTensor;
  const project = (activation?: 'tanh' | 'relu') =>
    layers.dense({ units, activation }).apply(h) as tfl.SymbolicTensor;
  // Without a bias: one of the keys would shift all scores of a row alike, so that its gradient is but rounding.
  const keys = layers.dense({ units, useBias: false }).apply(h) as tfl.SymbolicTensor;
  const scores = layers.dot({ axes: [2, 2] }).apply([project(), keys]);
  const shares = layers.activation({ activation: 'softmax' }).apply(scores) as tfl.SymbolicTensor;
  const mixed = layers.dot({ axes: [2, 1] }).apply([shares, h]) as tfl.SymbolicTensor;
  const sum = layers.add().apply([x, mixed]) as tfl.SymbolicTensor;
  const gated = layers.multiply().apply([sum, project('tanh')]) as tfl.SymbolicTensor;
  const turned = layers.permute({ dims: [2, 1] }).apply(gated) as tfl.SymbolicTensor;
  const row = layers.reshape({ targetShape: [TOKENS, units] }).apply(turned) as tfl.SymbolicTensor;
  const both = layers.concatenate().apply([row, project('relu')]) as tfl.SymbolicTensor;
  const flat = layers.reshape({ targetShape: [TOKENS * 2 * units] }).apply(both);
  const dropped = layers.dropout({ rate: 0.25, seed: 5 }).apply(flat);
  const classes = layers.dense({ units: CLASSES, activation: 'softmax' }).apply(dropped);
  const model = tfl.model({ inputs: tokens, outputs: classes as tfl.SymbolicTensor });
  tf.tidy(() =>
    model.setWeights(model.getWeights().map((w, i) => tf.randomNormal(w.shape, 0, 0.3, 'float32', i + 1))),
  );
  return model;
}

function data(): { x: tf.Tensor2D; y: tf.Tensor2D } {
  const ids = Array.from({ length: ROWS * TOKENS }, (_, i) => (i * 7) % VOCABULARY);
  const classes = Array.from({ length: ROWS }, (_, i) => i % CLASSES);
  const y = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(classes, 'int32'), CLASSES), 'float32'));
  return { x: tf.tensor2d(ids, [ROWS, TOKENS], 'int32'), y: y as tf.Tensor2D };
}

/** Loss and the gradient of every weight, Dropout included, and the loss of each epoch of `fit` afterwards. */
async function trainOn(name: BackendName, optimizer: () => tf.Optimizer) {
  await startBackend({ name, compute: 'float32' });
  const model = classifier();
  const { x, y } = data();
  const gradients = tf.tidy(() => {
    const loss = () =>
      tf.mean(tfl.metrics.categoricalCrossentropy(y, model.apply(x, { training: true }) as tf.Tensor));
    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const { value, grads } = tf.variableGrads(() => loss() as tf.Scalar, variables);
    return [
      value.dataSync() as Float32Array,
      ...variables.map((v) => grads[v.name]!.dataSync() as Float32Array),
    ];
  });
  model.compile({ optimizer: optimizer(), loss: 'categoricalCrossentropy' });
  const { history } = await model.fit(x, y, { epochs: 12, batchSize: 6, shuffle: false, verbose: 0 });
  const weights = model.getWeights().map((w) => w.dataSync() as Float32Array);
  const names = model.trainableWeights.map((weight) => weight.originalName);
  tf.dispose([x, y]);
  model.dispose();
  return { gradients, losses: history.loss as number[], weights, names };
}

function expectClose(found: readonly Float32Array[], expected: readonly Float32Array[], names: string[]) {
  expect(found).toHaveLength(expected.length);
  for (const [k, values] of expected.entries()) {
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - found[k]![i]!)), 0);
    expect(worst, names[k]).toBeLessThanOrEqual(TOLERANCE);
  }
}

describe('a model of tfjs-layers', () => {
  it.each([
    ['adam', () => tf.train.adam(0.01)],
    ['sgd', () => tf.train.sgd(0.1)],
    ['momentum', () => tf.train.momentum(0.05, 0.9)],
    ['rmsprop', () => tf.train.rmsprop(0.005)],
    ['adagrad', () => tf.train.adagrad(0.05)],
  ] as const)(
    'trains with fit and %s: its loss falls, gradients and weights are those of wasm',
    async (_, optimizer) => {
      const torch = await trainOn('torch', optimizer);
      const wasm = await trainOn('wasm', optimizer);
      expect(torch.losses.at(-1)).toBeLessThan(0.7 * torch.losses[0]!);
      expectClose(torch.gradients, wasm.gradients, ['loss', ...wasm.names]);
      expectClose(torch.weights, wasm.weights, wasm.names);
      for (const gradient of torch.gradients)
        expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(1e-4);
    },
  );

  it('leaves no tensor and no byte behind', async () => {
    await startBackend({ name: 'torch', compute: 'float32' });
    const model = classifier();
    const { x, y } = data();
    model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy' });
    const train = () => model.fit(x, y, { epochs: 3, batchSize: 6, verbose: 0 });
    await train(); // makes the optimizer's moments
    const before = memoryInfo();
    await train();
    expect(memoryInfo()).toMatchObject({ numTensors: before.numTensors, bytes: before.bytes });
    tf.dispose([x, y]);
    model.dispose();
  });
});

describe('every activation of tfjs-layers', () => {
  const NAMES = ['elu', 'gelu', 'hardSigmoid', 'linear', 'mish', 'relu', 'relu6', 'selu', 'sigmoid'] as const;
  const MORE = ['softmax', 'softplus', 'softsign', 'swish', 'tanh'] as const;
  it('has the values and gradients of wasm', async () => {
    const all = async (name: BackendName) => {
      await startBackend({ name, compute: 'float32' });
      const x = tf.mul(tf.randomNormal([5, 7], 0, 1, 'float32', 1), 3);
      const weights = tf.randomNormal([5, 7], 0, 1, 'float32', 2);
      return [...NAMES, ...MORE].flatMap((activation) =>
        tf.tidy(() => {
          const layer = tfl.layers.activation({ activation });
          const f = (v: tf.Tensor) => tf.sum(tf.mul(layer.apply(v) as tf.Tensor, weights));
          return [layer.apply(x) as tf.Tensor, tf.grad(f)(x)].map((t) => t.dataSync() as Float32Array);
        }),
      );
    };
    const [torch, wasm] = [await all('torch'), await all('wasm')];
    expectClose(
      torch,
      wasm,
      [...NAMES, ...MORE].flatMap((name) => [name, `gradient of ${name}`]),
    );
  });
});

describe('a kernel that nobody has registered', () => {
  it('is an error that names kernel and backend, not a detour over another backend', async () => {
    await startBackend({ name: 'wasm' }); // which has the kernel, in the same process
    await startBackend({ name: 'torch', compute: 'float32' });
    const image = tf.zeros([1, 4, 4, 1]) as tf.Tensor4D;
    expect(() => tf.avgPool(image, 2, 2, 'valid')).toThrow(
      "Kernel 'AvgPool' not registered for backend 'torch'",
    );
    image.dispose();
  });
});
