import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as tf from '../../src/backend/tfjs.ts';
import { complete, createGemma3, type Gemma3, generate, presetConfig } from '../../src/model/index.ts';
import {
  encodePrompt,
  loadTokenizer,
  TINY_TOKENIZER,
  type Tokenizer,
} from '../../src/model/tokenizer/index.ts';
import { startTorch } from '../backend/torch.ts';

let model: Gemma3;
let tokenizer: Tokenizer;

beforeAll(async () => {
  await startTorch();
  tokenizer = await loadTokenizer(fileURLToPath(TINY_TOKENIZER));
  model = createGemma3({ ...presetConfig('tiny'), initializerRange: 0.15, eosTokenIds: [] }, 11);
  for (const [name, parameter] of model.parameters) {
    if (/post_.*norm/.test(name)) parameter.assign(tf.fill(parameter.shape, 12));
  }
});
afterAll(() => model.dispose());

const options = { maxNewTokens: 20, temperature: 3, seed: 5 };
const prompts = () => ['hello', 'la respuesta es', 'x'].map((text) => tokenizer.encode(text));

describe('complete', () => {
  it('hands out text that makes up the completions, in whole characters', async () => {
    const parts = ['', '', ''];
    const done = await complete(model, tokenizer, prompts(), {
      ...options,
      onText: (prompt, text) => (parts[prompt] += text),
    });
    expect(parts).toEqual(done.map(({ text }) => text));
    for (const part of parts) expect(Buffer.from(part).toString()).toBe(part);
    expect(done.every(({ ids }) => ids.length === 20)).toBe(true);
  });

  it('does not depend on the size of batches', async () => {
    const [together, apart] = [
      await complete(model, tokenizer, prompts(), { ...options, batchSize: 8 }),
      await complete(model, tokenizer, prompts(), { ...options, batchSize: 2 }),
    ];
    expect(apart).toEqual(together);
  });

  it('ends a prompt before a stop text, and no other', async () => {
    const whole = await complete(model, tokenizer, prompts(), options);
    const stop = whole[1]!.text.slice(4, 7);
    const cut = await complete(model, tokenizer, prompts(), { ...options, stopTexts: [stop] });
    for (const [i, { text }] of whole.entries())
      expect(cut[i]!.text).toBe(text.includes(stop) ? text.slice(0, text.indexOf(stop)) : text);
    expect(cut[1]!.ids.length).toBeLessThan(20);
  });

  it('ends when told to, with what there is', async () => {
    let asked = 0;
    const done = await complete(model, tokenizer, prompts(), {
      ...options,
      batchSize: 1,
      stopped: () => ++asked > 5,
      onCompletion: () => expect.unreachable('it was stopped'),
    });
    expect(done).toHaveLength(1);
    expect(done[0]!.ids.length).toBeLessThan(20);
  });

  it('ends an answer with its turn', async () => {
    const prompt = encodePrompt(tokenizer, [{ role: 'user', content: 'hello' }]);
    const [ids] = await generate(model, [prompt], { ...options, stopIds: [] });
    const turn = tokenizer.tokenToId('<end_of_turn>')!;
    // Whatever comes fifth is made the end of the turn by its id: text ends there, without the token's own.
    const [done] = await complete(model, tokenizer, [prompt], { ...options, stopIds: [ids![4]!, turn] });
    expect(done!.ids).toEqual(ids!.slice(0, ids!.indexOf(ids![4]!) + 1));
  });
});
