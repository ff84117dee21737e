import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import {
  type InfoNceOptions,
  infoNce,
  infoNceGradients,
  meanPool,
  normalizePooled,
  surrogate,
} from '../../src/losses/index.ts';
import { expectClose, floats, settings, tensor, valueAndGradients } from './expected.ts';

const DIRECTIONS = ['xx_to_en', 'en_to_xx', 'symmetric'] as const;
const options = (changed: Partial<InfoNceOptions> = {}): InfoNceOptions => ({
  temperature: 1,
  direction: 'xx_to_en',
  detachEnglish: false,
  ...changed,
});
const lossOf = (xx: number[][], en: number[][], changed?: Partial<InfoNceOptions>) =>
  tf.tidy(() => infoNce(tf.tensor2d(xx), tf.tensor2d(en), options(changed)).dataSync()[0]!);
const normal = (shape: [number, number], seed: number) =>
  tf.randomNormal(shape, 0, 1, 'float32', seed) as tf.Tensor2D;

describe.each(['torch', 'wasm'] as const)('InfoNCE on %s', (name) => {
  beforeAll(async () => {
    await startBackend({ name, compute: 'float32' });
  });

  it('is log(1 + e^(c - o)) for two pairs whose own cosine is o and other cosine is c', () => {
    // Own cosine 1, others 0; lengths do not matter.
    const [xx, en] = [
      [
        [2, 0],
        [0, 5],
      ],
      [
        [1, 0],
        [0, 0.1],
      ],
    ];
    for (const direction of DIRECTIONS) {
      expect(lossOf(xx, en, { direction })).toBeCloseTo(Math.log(1 + Math.exp(-1)), 6);
      expect(lossOf(xx, en, { direction, temperature: 0.1 })).toBeCloseTo(Math.log(1 + Math.exp(-10)), 6);
      expect(lossOf(xx, [en[1]!, en[0]!], { direction })).toBeCloseTo(Math.log(1 + Math.exp(1)), 6);
    }
  });

  it('is log S where no sentence is nearer than another', () => {
    const same = Array.from({ length: 5 }, () => [1, 2, 3]);
    expect(lossOf(same, same, { temperature: 0.1 })).toBeCloseTo(Math.log(5), 6);
  });

  it('takes candidates from English, from the other language, or the mean of both', () => {
    // Both xx sentences lie at the first English one: xx to en cannot tell the second pair, en to xx ties at 1/2.
    const xx = [
      [1, 0],
      [1, 0],
    ];
    const en = [
      [1, 0],
      [0, 1],
    ];
    const forth = (Math.log(1 + Math.exp(-1)) + Math.log(1 + Math.exp(1))) / 2;
    expect(lossOf(xx, en, { direction: 'xx_to_en' })).toBeCloseTo(forth, 6);
    expect(lossOf(xx, en, { direction: 'en_to_xx' })).toBeCloseTo(Math.log(2), 6);
    expect(lossOf(xx, en, { direction: 'symmetric' })).toBeCloseTo((forth + Math.log(2)) / 2, 6);
  });

  it('has the values and gradients of PyTorch, with and without English detached', () => {
    for (const direction of DIRECTIONS)
      for (const temperature of [0.1, 1])
        for (const detachEnglish of [false, true]) {
          const key = `infonce.${direction}.${temperature.toFixed(1)}.${detachEnglish}`;
          const given = { xx: tensor('infonce.xx'), en: tensor('infonce.en') };
          const { value, gradients } = valueAndGradients(given, ({ xx, en }) =>
            infoNce(xx as tf.Tensor2D, en as tf.Tensor2D, { temperature, direction, detachEnglish }),
          );
          expectClose([value], floats(`${key}.loss`));
          expectClose(gradients.xx, floats(`${key}.dxx`));
          if (detachEnglish) expect(gradients.en.every((g) => g === 0)).toBe(true);
          else expectClose(gradients.en, floats(`${key}.den`));
        }
  });

  it('has the gradients of PyTorch to hidden states, through pooling and standardising', async () => {
    const sentences = (await settings()).sentences.map(([start, end]) => ({ start, end }));
    const statistics = {
      mean_D: tensor<tf.Rank.R1>('pool.mean'),
      std_D: tensor<tf.Rank.R1>('pool.std'),
    };
    const pool = (hidden: tf.Tensor) =>
      normalizePooled(
        meanPool(hidden as tf.Tensor3D, sentences, { bos: false, weights: 'mean' }),
        'standardize',
        statistics,
      );
    const { value, gradients } = valueAndGradients(
      { xx: tensor('midalign.xx'), en: tensor('midalign.en') },
      ({ xx, en }) => infoNce(pool(xx), pool(en), options({ temperature: 0.1, direction: 'symmetric' })),
    );
    expectClose([value], floats('midalign.loss'));
    expectClose(gradients.xx, floats('midalign.dxx'));
    expectClose(gradients.en, floats('midalign.den'));
  });

  it('stays finite for vectors of zeros and for huge ones', () => {
    const { value, gradients } = valueAndGradients(
      {
        xx: tf.tensor2d([
          [0, 0],
          [3e5, -2e5],
        ]),
        en: tf.tensor2d([
          [1, 0],
          [0, 0],
        ]),
      },
      ({ xx, en }) => infoNce(xx as tf.Tensor2D, en as tf.Tensor2D, options({ temperature: 0.1 })),
    );
    expect([value, ...gradients.xx, ...gradients.en].every(Number.isFinite)).toBe(true);
  });

  it('leaves no tensor behind but the gradients', () => {
    const [xx, en] = [tensor<tf.Rank.R2>('infonce.xx'), tensor<tf.Rank.R2>('infonce.en')];
    const before = tf.memory().numTensors;
    const { dxx_SD, den_SD } = infoNceGradients(xx, en, options({ direction: 'symmetric' }));
    expect(tf.memory().numTensors).toBe(before + 2);
    tf.dispose([xx, en, dxx_SD, den_SD!]);
  });

  it('refuses a batch of one and sides that are not pairs', () => {
    expect(() => lossOf([[1, 0]], [[1, 0]])).toThrow('at least 2 sentence pairs');
    expect(() => lossOf([[1, 0]], [[1], [0]])).toThrow('not pairs');
  });
});

describe('a batch of pairs that is split', () => {
  const [S, L, D] = [7, 3, 6];
  beforeAll(async () => {
    await startBackend({ name: 'torch', compute: 'float32' });
  });

  /** A stand-in for the model: every sentence L tokens, one matrix, one bend. */
  const pooled = (tokens_ND: tf.Tensor2D, weight: tf.Tensor): tf.Tensor2D => {
    const [N] = tokens_ND.shape;
    const hidden = tf.reshape(tf.tanh(tf.matMul(tokens_ND, weight as tf.Tensor2D)), [1, N, D]) as tf.Tensor3D;
    const sentences = Array.from({ length: N / L }, (_, s) => ({ start: s * L, end: (s + 1) * L }));
    return meanPool(hidden, sentences, { bos: true, weights: 'mean' });
  };

  it.each([1, 3, 7])('has the loss and the gradient of the whole in micro-batches of %i', (size) => {
    const [xx, en] = [normal([S * L, D], 1), normal([S * L, D], 2)];
    const weight = normal([D, D], 3);
    const rows = (x: tf.Tensor2D, first: number, count: number) =>
      tf.slice(x, [first * L, 0], [count * L, D]) as tf.Tensor2D;
    for (const detachEnglish of [false, true]) {
      const settings = options({ temperature: 0.1, direction: 'symmetric', detachEnglish });
      const whole = valueAndGradients({ weight }, (i) =>
        infoNce(pooled(xx, i.weight), pooled(en, i.weight), settings),
      );
      const parts = Array.from({ length: Math.ceil(S / size) }, (_, i) => ({
        first: i * size,
        count: Math.min(size, S - i * size),
      }));
      const all = (x: tf.Tensor2D) =>
        tf.concat(
          parts.map(({ first, count }) => pooled(rows(x, first, count), weight)),
          0,
        );
      const { loss, dxx_SD, den_SD } = infoNceGradients(all(xx), all(en), settings);
      expect(den_SD === null).toBe(detachEnglish);
      const sum = new Float64Array(D * D);
      let value = 0;
      for (const { first, count } of parts) {
        const gradient = (d: tf.Tensor2D) => tf.slice(d, [first, 0], [count, D]);
        const micro = valueAndGradients({ weight }, (i) => {
          const side = (x: tf.Tensor2D, d: tf.Tensor2D, share: number) =>
            surrogate(pooled(rows(x, first, count), i.weight), gradient(d), share);
          const ofXx = side(xx, dxx_SD, (loss * count) / S);
          return den_SD === null ? ofXx : tf.add(ofXx, side(en, den_SD, 0));
        });
        value += micro.value;
        for (const [i, g] of micro.gradients.weight.entries()) sum[i]! += g;
      }
      expectClose([loss], [whole.value], 1e-5);
      expectClose([value], [whole.value], 1e-5);
      expectClose(sum, whole.gradients.weight, 1e-5);
    }
  });
});
