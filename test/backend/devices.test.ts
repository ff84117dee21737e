/** Where tensors are. What runs on a GPU is what runs here without the kernels that are written for the CPU. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Gradients, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { addon, torchBackend } from '../../src/backend/torch/index.ts';
import { createGemma3, generate, presetConfig } from '../../src/model/index.ts';
import { nextTokenLoss } from '../model/next-token-loss.ts';
import { startTorch } from './torch.ts';

beforeAll(startTorch);
afterEach(() => {
  torchBackend().runsOwnKernels = true;
});

describe.skipIf(process.env.CUDA_VISIBLE_DEVICES !== undefined)('a device that is not there', () => {
  it.each(['cuda', 'cuda:7'])('%s is refused with what there is', async (device) => {
    if (addon().deviceCount() > 7) return;
    await expect(startBackend({ name: 'torch', device })).rejects.toThrow(
      new RegExp(`backend.device ${device}: there is no `),
    );
    expect(torchBackend().device).toBe('cpu');
  });
});

describe('without the kernels that are written for the CPU', () => {
  it('loss and every gradient of a model are the same', () => {
    const model = createGemma3(presetConfig('tiny'), 3);
    const tokens = Array.from({ length: 90 }, (_, i) => 10 + ((i * 37) % 400));
    const loss = () => nextTokenLoss(model, tokens);
    const [own, others] = [new Gradients(model.parameters), new Gradients(model.parameters)];
    const value = own.accumulate(loss);
    torchBackend().runsOwnKernels = false;
    expect(others.accumulate(loss)).toBeCloseTo(value, 5);
    for (const name of model.parameters.keys()) {
      const difference = tf.tidy(() => tf.max(tf.abs(tf.sub(own.get(name), others.get(name)))).dataSync()[0]);
      expect(difference, name).toBeLessThan(1e-5);
    }
    own.dispose();
    others.dispose();
    model.dispose();
  });

  it('generation with a cache goes on as it does with them', async () => {
    const model = createGemma3(presetConfig('tiny'), 3);
    const prompts = [
      [2, 10, 20, 30],
      [2, 50],
    ];
    const expected = await generate(model, prompts, { maxNewTokens: 12 });
    torchBackend().runsOwnKernels = false;
    expect(await generate(model, prompts, { maxNewTokens: 12 })).toEqual(expected);
    model.dispose();
  });
});
