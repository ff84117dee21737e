/**
 * Every fused operation: the native kernel against the composed version of the same kernel in fp64, value and gradient.
 * The reference gradient is the one TensorFlow.js derives from the composed operations.
 */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  attention,
  embedding,
  geglu,
  headNormRope,
  linear,
  linearCrossEntropy,
  rmsNorm,
} from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { compare, composed, expectSmall, normal } from './reference.ts';
import { startTorch } from './torch.ts';

beforeAll(startTorch);
afterEach(() => tf.disposeVariables());

describe('rmsNorm', () => {
  for (const width of [8, 33, 640]) {
    it(`equals the composed version at width ${width}`, () => {
      const inputs = {
        x: normal([130, width], 1, 3),
        weight: normal([width], 2, 0.3),
        residual: normal([130, width], 3),
      };
      const attrs = { eps: 1e-6 };
      expectSmall(
        compare(
          (i) => rmsNorm(i.x!, i.weight!, 1e-6),
          (i) => composed('RMSNorm', { x: i.x!, weight: i.weight! }, attrs),
          inputs,
          ['x', 'weight'],
        ),
      );
      expectSmall(
        compare(
          (i) => rmsNorm(i.x!, i.weight!, 1e-6, i.residual!),
          (i) => composed('RMSNorm', i, attrs),
          inputs,
          ['x', 'weight', 'residual'],
        ),
      );
    });
  }

  it('multiplies by 1 + w, so that zero weights leave rows of unit mean square', () => {
    const y = rmsNorm(normal([4, 64], 5, 7), tf.zeros([64]), 1e-6);
    for (const m of tf.mean(tf.square(y), 1).dataSync()) expect(m).toBeCloseTo(1, 4);
  });
});

describe('headNormRope', () => {
  const angles = (tokens: number, half: number) => {
    const theta = tf.mul(tf.expandDims(tf.range(0, tokens), 1), tf.expandDims(normal([half], 8), 0));
    return { cos: tf.cos(theta), sin: tf.sin(theta) };
  };

  it('equals the composed version', () => {
    const inputs = { x: normal([70, 3, 16], 1), weight: normal([16], 2, 0.3), ...angles(70, 8) };
    expectSmall(
      compare(
        (i) => headNormRope(i.x as tf.Tensor3D, i.weight!, i.cos as tf.Tensor2D, i.sin as tf.Tensor2D, 1e-6),
        (i) => composed('HeadNormRope', i, { eps: 1e-6 }),
        inputs,
        ['x', 'weight'],
      ),
    );
  });

  it('leaves position 0 unrotated', () => {
    const x = normal([1, 2, 8], 3) as tf.Tensor3D;
    const y = headNormRope(x, tf.zeros([8]), tf.ones([1, 4]), tf.zeros([1, 4]), 1e-6);
    const plain = rmsNorm(x, tf.zeros([8]), 1e-6);
    expect(tf.max(tf.abs(tf.sub(y, plain))).dataSync()[0]).toBeLessThan(1e-6);
  });
});

describe('geglu', () => {
  it('equals the composed version over the whole range of the gate', () => {
    const inputs = { gate: tf.mul(normal([64, 97], 1), 4), up: normal([64, 97], 2) };
    expectSmall(
      compare(
        (i) => geglu(i.gate as tf.Tensor2D, i.up as tf.Tensor2D),
        (i) => composed('GeGLU', i, {}),
        inputs,
        ['gate', 'up'],
      ),
    );
  });

  it('saturates without NaN', () => {
    const gate = tf.tensor2d([[-1e4, -50, -10, 0, 10, 50, 1e4]]);
    expect(Array.from(geglu(gate, tf.onesLike(gate)).dataSync())).toEqual(
      [-0, -0, -0, 0, 10, 50, 1e4].map((x) => expect.closeTo(x, 5)),
    );
  });
});

describe('linear', () => {
  it('is x W^T with the gradients of matMul', () => {
    const inputs = { x: normal([37, 24], 1), weight: normal([50, 24], 2) };
    expectSmall(
      compare(
        (i) => linear(i.x as tf.Tensor2D, i.weight!),
        (i) => tf.matMul(i.x!, i.weight!, false, true),
        inputs,
        ['x', 'weight'],
      ),
    );
  });
});

describe('embedding', () => {
  it('gathers, scales, and sums the gradients of repeated ids', () => {
    const inputs = { weight: normal([11, 8], 1) };
    const ids = tf.tensor1d([3, 3, 0, 10, 3], 'int32');
    expectSmall(
      compare(
        (i) => embedding(i.weight!, ids, 2.5),
        (i) => tf.mul(tf.gather(i.weight!, ids), 2.5),
        inputs,
        ['weight'],
      ),
    );
  });

  it('refuses an id outside the table, native and composed', () => {
    for (const id of [11, -1]) {
      const ids = tf.tensor1d([id], 'int32');
      expect(() => embedding(normal([11, 8], 1), ids, 1)).toThrow();
      expect(() => composed('Embedding', { weight: normal([11, 8], 1), ids }, { scale: 1 })).toThrow(
        `id ${id} outside the table of 11`,
      );
    }
  });
});

describe('attention', () => {
  const [B, T, N, K, H] = [2, 300, 4, 2, 16];
  const segments = () => {
    const row = (parts: number[]) =>
      parts
        .flatMap((n, i) => new Array<number>(n).fill(i + 1))
        .concat(new Array<number>(T).fill(0))
        .slice(0, T);
    return tf.tensor2d([row([150, 3, 140]), row([300])], [B, T], 'int32');
  };
  for (const window of [0, 1, 40, 128, 1000]) {
    it(`equals the composed version with ${window ? `a window of ${window}` : 'no window'}`, () => {
      const inputs = {
        q: normal([B * T, N, H], 1),
        k: normal([B * T, K, H], 2),
        v: normal([B * T, K, H], 3),
        segments: segments(),
      };
      expectSmall(
        compare(
          (i) =>
            attention(
              i.q as tf.Tensor3D,
              i.k as tf.Tensor3D,
              i.v as tf.Tensor3D,
              i.segments as tf.Tensor2D,
              window,
              0.25,
            ),
          (i) => composed('Attention', i, { window, scale: 0.25, parents: new Int32Array(0) }),
          inputs,
          ['q', 'k', 'v'],
        ),
      );
    });
  }

  for (const window of [0, 1, 40, 128]) {
    it(`equals the composed version where segments go on from others, with ${window || 'no'} window`, () => {
      // 1 <- 2 <- 3, 1 <- 4, and 5 alone; the second row has 1 <- 2 only.
      const parents = Int32Array.from([0, 0, 1, 2, 1, 0]);
      const ids = (parts: number[]) => parts.flatMap((n, i) => new Array<number>(n).fill(i + 1));
      const both = [ids([90, 30, 70, 5, 105]), ids([1, 199]).concat(new Array<number>(100).fill(0))];
      const inputs = {
        q: normal([B * T, N, H], 1),
        k: normal([B * T, K, H], 2),
        v: normal([B * T, K, H], 3),
        segments: tf.tensor2d(both, [B, T], 'int32'),
      };
      expectSmall(
        compare(
          (i) =>
            attention(
              i.q as tf.Tensor3D,
              i.k as tf.Tensor3D,
              i.v as tf.Tensor3D,
              i.segments as tf.Tensor2D,
              window,
              0.25,
              parents,
            ),
          (i) => composed('Attention', i, { window, scale: 0.25, parents }),
          inputs,
          ['q', 'k', 'v'],
        ),
      );
    });
  }

  it('refuses a segment that stands before the one it goes on from', () => {
    const [q, ids] = [normal([4, 1, 8], 1) as tf.Tensor3D, tf.tensor2d([[2, 2, 1, 1]], [1, 4], 'int32')];
    expect(() => attention(q, q, q, ids, 0, 1, Int32Array.from([0, 0, 1]))).toThrow(
      /segment 2 comes before the segment 1/,
    );
  });

  it('gives zeros at padding, and gives padding no gradient', () => {
    const ids = tf.tensor2d([[1, 1, 0, 0]], [1, 4], 'int32');
    const q = normal([4, 1, 8], 1) as tf.Tensor3D;
    const f = (k: tf.Tensor) => tf.sum(attention(q, k as tf.Tensor3D, k as tf.Tensor3D, ids, 0, 1));
    const out = attention(q, q, q, ids, 0, 1).arraySync();
    expect(
      out
        .slice(2)
        .flat(2)
        .every((x) => x === 0),
    ).toBe(true);
    const gradient = tf.grad(f)(q).arraySync() as number[][][];
    expect(
      gradient
        .slice(2)
        .flat(2)
        .every((x) => x === 0),
    ).toBe(true);
  });
});

describe('a number that is none', () => {
  // Rows are taken eight or sixteen values at a time, and what is left over alone: NaN at each place.
  const places = [0, 5, 16, 18];
  const damaged = (shape: number[], place: number, seed: number) => {
    const values = normal(shape, seed).dataSync();
    values[place] = Number.NaN;
    return tf.tensor(values, shape);
  };

  it('shows in a loss, wherever in the vocabulary its logit is', () => {
    for (const place of places) {
      const weight = damaged([19, 1], place, 1);
      const { loss } = linearCrossEntropy(
        tf.ones([2, 1]) as tf.Tensor2D,
        weight,
        tf.tensor1d([1, 2], 'int32'),
        tf.ones([2]),
      );
      expect(loss.dataSync()[0]).toBeNaN();
    }
  });

  it('shows in attention, in RMSNorm and in GeGLU', () => {
    for (const place of places) {
      const [T, N, K, H] = [19, 1, 1, 8];
      const k = damaged([T, K, H], place * H, 2) as tf.Tensor3D;
      const segments = tf.ones([1, T], 'int32') as tf.Tensor2D;
      const mixed = attention(
        normal([T, N, H], 1) as tf.Tensor3D,
        k,
        normal([T, K, H], 3) as tf.Tensor3D,
        segments,
        0,
        1,
      );
      expect(mixed.dataSync().slice(-H)).toEqual(new Float32Array(H).fill(Number.NaN));
      const row = damaged([1, 19], place, 4) as tf.Tensor2D;
      expect(geglu(row, tf.onesLike(row)).dataSync()[place]).toBeNaN();
      expect(rmsNorm(row, tf.zeros([19]), 1e-6).dataSync()).toEqual(new Float32Array(19).fill(Number.NaN));
    }
  });
});

describe('linearCrossEntropy', () => {
  for (const [rows, vocabulary] of [
    [5, 12],
    [70, 9001],
  ] as const) {
    it(`equals the composed version with ${rows} rows and ${vocabulary} entries`, () => {
      const labels = tf.tensor1d(
        Array.from({ length: rows }, (_, i) => (i * 7919) % vocabulary),
        'int32',
      );
      const weights = tf.add(tf.randomUniform([rows], 0, 1, 'float32', 4), 0.1) as tf.Tensor1D;
      const inputs = { hidden: normal([rows, 16], 1), weight: normal([vocabulary, 16], 2) };
      expectSmall(
        compare(
          (i) => linearCrossEntropy(i.hidden as tf.Tensor2D, i.weight!, labels, weights).loss,
          (i) =>
            composed(
              'LinearCrossEntropy',
              { ...i, labels, weights },
              { vocabulary, gradient: false, into: undefined },
            ),
          inputs,
          ['hidden', 'weight'],
        ),
      );
    });
  }

  it('leaves rows of the table past the vocabulary out of the softmax', () => {
    const weight = normal([20, 8], 1);
    const [hidden, labels, weights] = [
      normal([3, 8], 2) as tf.Tensor2D,
      tf.tensor1d([0, 5, 11], 'int32'),
      tf.ones([3]) as tf.Tensor1D,
    ];
    const whole = linearCrossEntropy(
      hidden,
      tf.slice(weight, [0, 0], [12, 8]),
      labels,
      weights,
    ).loss.dataSync()[0]!;
    expect(linearCrossEntropy(hidden, weight, labels, weights, 12).loss.dataSync()[0]).toBeCloseTo(whole, 5);
  });

  it('refuses a label outside the vocabulary', () => {
    const f = () =>
      linearCrossEntropy(
        normal([1, 8], 2) as tf.Tensor2D,
        normal([4, 8], 1),
        tf.tensor1d([4], 'int32'),
        tf.ones([1]),
      );
    expect(f).toThrow(/label 4 outside the vocabulary of 4/);
    const inputs = { hidden: normal([1, 8], 2), weight: normal([6, 8], 1), weights: tf.ones([1]) };
    for (const label of [4, -1]) {
      const labels = tf.tensor1d([label], 'int32');
      const attrs = { vocabulary: 4, gradient: false, into: undefined };
      expect(() => composed('LinearCrossEntropy', { ...inputs, labels }, attrs)).toThrow(
        `label ${label} outside the vocabulary of 4`,
      );
    }
  });
});
