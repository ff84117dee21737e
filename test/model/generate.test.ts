/** Generation with the key/value cache, held to the naive loop that reads everything again for each token. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as tf from '../../src/backend/tfjs.ts';
import { createGemma3, type Gemma3, generate, presetConfig } from '../../src/model/index.ts';
import { startTorch } from '../backend/torch.ts';

let model: Gemma3;

beforeAll(async () => {
  await startTorch();
  // Wider weights than a fresh model's, so that no two logits are near each other; eos out of reach.
  model = createGemma3({ ...presetConfig('tiny'), initializerRange: 0.15, eosTokenIds: [] }, 7);
  // What attention brings outweighs the token's own embedding, or a tied model would only repeat its last token.
  for (const [name, parameter] of model.parameters) {
    if (/post_.*norm/.test(name)) parameter.assign(tf.fill(parameter.shape, 12));
  }
});
afterAll(() => model.dispose());

/** The oracle: no cache, one sequence, all of it read again for every token. */
function naive(prompt: readonly number[], count: number): number[] {
  const tokens = [...prompt];
  for (let n = 0; n < count; n++) {
    tf.tidy(() => {
      const { hidden_BTD } = model.forward({ tokens_BT: tf.tensor2d([tokens], [1, tokens.length], 'int32') });
      const last = tf
        .slice(hidden_BTD, [0, tokens.length - 1, 0], [1, 1, -1])
        .reshape([1, -1]) as tf.Tensor2D;
      tokens.push(tf.argMax(model.logits(last), 1).dataSync()[0]!);
    });
  }
  return tokens.slice(prompt.length);
}

const prompt = (length: number, seed: number) => [
  2,
  ...Array.from({ length: length - 1 }, (_, i) => 10 + ((i * 31 + seed * 17) % 400)),
];

describe('generate', () => {
  it('gives what reading everything again gives, past the sliding window', async () => {
    expect(model.config.slidingWindow).toBeLessThan(40);
    for (const length of [1, 5, 40]) {
      const [ids] = await generate(model, [prompt(length, length)], { maxNewTokens: 24 });
      expect(new Set(ids).size).toBeGreaterThan(8);
      expect(ids).toEqual(naive(prompt(length, length), 24));
    }
  });

  it('gives each row of a batch what it gets alone, whatever the lengths of the others', async () => {
    const prompts = [prompt(3, 1), prompt(50, 2), prompt(17, 3)];
    const together = await generate(model, prompts, { maxNewTokens: 12 });
    for (const [i, p] of prompts.entries()) expect(together[i]).toEqual(naive(p, 12));
  });

  it('ends a row at a stop id, keeps it, and lets the others go on', async () => {
    const prompts = [prompt(4, 5), prompt(9, 6)];
    const [first, second] = [naive(prompts[0]!, 10), naive(prompts[1]!, 10)];
    const stop = first[3]!;
    const [a, b] = await generate(model, prompts, { maxNewTokens: 10, stopIds: [stop] });
    expect(a).toEqual(first.slice(0, first.indexOf(stop) + 1));
    expect(b).toEqual(second.includes(stop) ? second.slice(0, second.indexOf(stop) + 1) : second);
  });

  it('ends a row when told to, and lets the others go on', async () => {
    const prompts = [prompt(4, 5), prompt(9, 6)];
    const [first, second] = await generate(model, prompts, {
      maxNewTokens: 6,
      onToken: (row) => (row === 0 ? 'end' : undefined),
    });
    expect(first).toEqual(naive(prompts[0]!, 1));
    expect(second).toEqual(naive(prompts[1]!, 6));
  });

  it('draws for a row what it draws for it alone, in whatever batch it is', async () => {
    const options = { maxNewTokens: 8, temperature: 20, seed: 3 };
    const prompts = [prompt(6, 1), prompt(6, 1), prompt(11, 2)];
    const together = await generate(model, prompts, options);
    expect(together[1]).not.toEqual(together[0]);
    for (const [i, p] of prompts.entries())
      expect(await generate(model, [p], { ...options, firstRow: i })).toEqual([together[i]]);
  });

  it('samples the same with the same seed and not with another', async () => {
    const options = { maxNewTokens: 16, temperature: 20, topK: 50 };
    const draw = (seed: number) => generate(model, [prompt(6, 1)], { ...options, seed });
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
  });

  it('hands out each token as it comes, and frees its cache', async () => {
    const before = tf.memory().numTensors;
    const seen: number[] = [];
    const [ids] = await generate(model, [prompt(6, 1)], {
      maxNewTokens: 5,
      onToken: (_, id) => void seen.push(id),
    });
    expect(seen).toEqual(ids);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('applies edits in every pass', async () => {
    const shift = tf.randomNormal([model.config.hiddenSize], 0, 20, 'float32', 3);
    const edits = [{ layer: 1, apply: (h: tf.Tensor3D) => tf.add(h, shift) as tf.Tensor3D }];
    const [plain] = await generate(model, [prompt(6, 1)], { maxNewTokens: 8 });
    const [edited] = await generate(model, [prompt(6, 1)], { maxNewTokens: 8, edits });
    expect(edited).not.toEqual(plain);
    shift.dispose();
  });
});
