import { beforeAll, describe, expect, it } from 'vitest';
import { Gradients } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { createGemma3, presetConfig } from '../../src/model/index.ts';
import { startTorch } from '../backend/torch.ts';
import { nextTokenLoss } from './next-token-loss.ts';

beforeAll(startTorch);

describe('activation checkpointing', () => {
  it('leaves loss and gradients as they are, and no tensor behind', () => {
    const model = createGemma3(presetConfig('tiny'), 3);
    const before = tf.memory().numTensors;
    const tokens = Array.from({ length: 90 }, (_, i) => 10 + ((i * 37) % 400));
    const loss = () => nextTokenLoss(model, tokens);
    const [plain, sparing] = [new Gradients(model.parameters), new Gradients(model.parameters)];
    const value = plain.accumulate(loss);
    model.activationCheckpointing = true;
    expect(sparing.accumulate(loss)).toBe(value);
    for (const name of model.parameters.keys()) {
      const difference = tf.tidy(
        () => tf.max(tf.abs(tf.sub(plain.get(name), sparing.get(name)))).dataSync()[0],
      );
      expect(difference, name).toBeLessThan(1e-6);
    }
    plain.dispose();
    sparing.dispose();
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });
});
