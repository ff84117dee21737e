import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { languageMatching } from '../../src/losses/index.ts';
import { expectClose, floats, tensor, valueAndGradients } from './expected.ts';

const LANGUAGES = ['el', 'en', 'el', 'ko', 'en'];
const given = () => ({
  pooled: tensor('matching.pooled'),
  gate: tensor('matching.gate'),
  up: tensor('matching.up'),
  down: tensor('matching.down'),
});
const loss = (i: ReturnType<typeof given>, languages = LANGUAGES) =>
  languageMatching(i.pooled as tf.Tensor2D, languages, {
    gate_I2D: i.gate as tf.Tensor2D,
    up_I2D: i.up as tf.Tensor2D,
    down_2I: i.down as tf.Tensor2D,
  });

describe.each(['torch', 'wasm'] as const)('language matching on %s', (name) => {
  beforeAll(async () => {
    await startBackend({ name, compute: 'float32' });
  });

  it('is the value and the gradients of PyTorch, pair by pair', () => {
    const { value, gradients } = valueAndGradients(given(), (i) => loss(i));
    expectClose([value], floats('matching.loss'));
    for (const key of ['pooled', 'gate', 'up', 'down'] as const)
      expectClose(gradients[key], floats(`matching.d${key}`));
  });

  it('is log 2 with a head that says nothing', () => {
    const value = tf.tidy(() => loss({ ...given(), down: tf.zeros([2, 3]) }).dataSync()[0]!);
    expect(value).toBeCloseTo(Math.log(2), 6);
  });

  it('refuses a head of another width and languages that are not one a sentence', () => {
    expect(() => tf.tidy(() => loss({ ...given(), gate: tf.zeros([3, 8]) }))).toThrow(
      'vectors of 4, not of 6',
    );
    expect(() => tf.tidy(() => loss(given(), ['el']))).toThrow('1 languages for 5 sentences');
  });
});
