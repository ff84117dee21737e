/** Steering held to PyTorch's forward hooks on transformers (test/parity/steering.py), and to itself. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as tf from '../../src/backend/tfjs.ts';
import { openSafetensors } from '../../src/model/files/index.ts';
import { createGemma3, type Gemma3, generate, loadGemma3, presetConfig } from '../../src/model/index.ts';
import { requireLanguages, requireUnchanged, steeringEdits } from '../../src/steering/edits.ts';
import type { SteeringStep, SteeringVector } from '../../src/steering/vector.ts';
import { startTorch } from '../backend/torch.ts';
import { loadFixtures, maxAbsDifference, readValues } from '../parity/fixture.ts';
import { madeVector } from './made.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/steering.safetensors', import.meta.url));
const values = readValues(FIXTURE);

beforeAll(() => startTorch());

/** Logits [T, V] of one text, steered; the mask is 1 from token `first` on. */
function logits(
  model: Gemma3,
  ids: readonly number[],
  steps: readonly SteeringStep[],
  first = 0,
): Float32Array {
  return tf.tidy(() => {
    const mask = Uint8Array.from(ids, (_, index) => (index >= first ? 1 : 0));
    const { hidden_BTD } = model.forward({
      tokens_BT: tf.tensor2d([[...ids]], [1, ids.length], 'int32'),
      edits: steeringEdits(steps)(mask, 'es'),
    });
    return model.logits(tf.reshape(hidden_BTD, [ids.length, -1]) as tf.Tensor2D).dataSync() as Float32Array;
  });
}

describe.each(['270m', '4b'])('steering the %s equals a forward hook of PyTorch', (name) => {
  let model: Gemma3;
  let tokens: number[];
  let settings: {
    prompt: number;
    steps: Record<string, Record<'a' | 'b', { layer: number; gamma: number }>>;
  };
  const steps = (rule: SteeringStep['tokens']): SteeringStep[] =>
    (['b', 'a'] as const).map((key) => {
      const { shape, data } = values.get(`${name}.${key}`)!;
      const vector = madeVector({ es: [...data] }, { layers: shape[0]!, width: shape[1]! });
      return { vector, ...settings.steps[name]![key], tokens: rule };
    });

  beforeAll(async () => {
    const file = await openSafetensors(FIXTURE);
    await file.close();
    settings = JSON.parse(file.metadata.settings!);
    const fixture = loadFixtures().find((one) => one.name === name)!;
    model = (await loadGemma3(fixture.dir, { embedScale: 'exact' })).model;
    tokens = [...fixture.values.get('tokens')!.data.subarray(0, fixture.numTokens)];
  });
  afterAll(() => model.dispose());

  it.each(['prompt_end', 'everywhere'] as const)('%s', (rule) => {
    const expected = values.get(`${name}.${rule}`)!.data;
    const plain = values.get(`${name}.plain`)!.data;
    const found = logits(model, tokens, steps(rule), settings.prompt - 1);
    expect(maxAbsDifference(found, expected)).toBeLessThanOrEqual(1e-4);
    expect(maxAbsDifference(plain, expected)).toBeGreaterThan(0.1);
  });

  it("in generation with a key/value cache: the prompt's last token and each that follows", async () => {
    const expected = [...values.get(`${name}.generated`)!.data];
    const own = steeringEdits(steps('prompt_end'));
    const prompt = tokens.slice(0, settings.prompt);
    // In a batch whose other row is shorter, so that the last token stands at another place.
    const found = await generate(model, [prompt, prompt.slice(0, 4)], {
      maxNewTokens: expected.length,
      stopIds: [],
      edits: (fromPromptEnd_BT) => own(fromPromptEnd_BT, 'es'),
    });
    expect(found[0]).toEqual(expected);
  });
});

describe('steering', () => {
  const { numHiddenLayers: L, hiddenSize: D } = presetConfig('tiny');
  let model: Gemma3;
  beforeAll(() => {
    model = createGemma3({ ...presetConfig('tiny'), initializerRange: 0.15, eosTokenIds: [] }, 7);
    // What attention brings outweighs the token's own embedding, or a tied model would only repeat its last token.
    for (const [name, parameter] of model.parameters)
      if (/post_.*norm/.test(name)) parameter.assign(tf.fill(parameter.shape, 12));
  });
  afterAll(() => model.dispose());
  const ids = Array.from({ length: 12 }, (_, i) => (i === 0 ? 2 : 20 + ((i * 37) % 200)));
  const vectorOf = (seed: number, facts = {}): SteeringVector =>
    madeVector(
      { es: Array.from({ length: L * D }, (_, i) => Math.fround(Math.sin(seed * 7919 + i))) },
      { layers: L, width: D, facts },
    );
  const step = (seed: number, layer: number, gamma: number): SteeringStep => ({
    ...{ vector: vectorOf(seed), layer, gamma, tokens: 'prompt_end' },
  });

  it('by gamma 0 is none to the last bit, also after a run that was steered', () => {
    const before = logits(model, ids, []);
    expect(maxAbsDifference(logits(model, ids, [step(1, 2, 3)], 5), before)).toBeGreaterThan(0.1);
    expect(logits(model, ids, [step(1, 2, 0), step(2, 0, 0)], 5)).toEqual(before);
    expect(steeringEdits([step(1, 2, 0)])(new Uint8Array(12), 'es')).toEqual([]);
  });

  it('leaves every token before the last of the prompt as it was, to the last bit', () => {
    const V = model.config.vocabSize;
    const [plain, steered] = [logits(model, ids, []), logits(model, ids, [step(1, 1, 1)], 7)];
    expect(steered.subarray(0, 7 * V)).toEqual(plain.subarray(0, 7 * V));
    // The last token of the prompt predicts the first scored one.
    const first = [plain, steered].map((all) => all.subarray(7 * V, 8 * V));
    expect(maxAbsDifference(first[0]!, first[1]!)).toBeGreaterThan(0.1);
  });

  it('by several vectors at a layer adds them up, in whatever order they are given', () => {
    const steps = [step(1, 1, 0.7), step(2, 1, -1.3), step(3, 2, 0.4), step(4, 1, 0.1)];
    const [together, turned] = [logits(model, ids, steps, 5), logits(model, ids, steps.toReversed(), 5)];
    expect(turned).toEqual(together);
    const [one, two, , four] = steps.map(({ vector, gamma }) => ({
      gamma,
      row: vector.vectors_LD.get('es')!,
    }));
    const sum = Array.from(one!.row, (value, i) =>
      Math.fround(one!.gamma * value + two!.gamma * two!.row[i]! + four!.gamma * four!.row[i]!),
    );
    const vector = madeVector({ es: sum }, { layers: L, width: D });
    const added = [{ vector, layer: 1, gamma: 1, tokens: 'prompt_end' as const }, steps[2]!];
    expect(maxAbsDifference(logits(model, ids, added, 5), together)).toBeLessThan(1e-5);
  });

  it('generates with a cache what it generates without one', async () => {
    const prompt = ids.slice(0, 6);
    const steps = [step(5, 1, 20), { ...step(6, 3, 10), tokens: 'everywhere' as const }];
    const own = steeringEdits(steps);
    const [cached] = await generate(model, [prompt], {
      maxNewTokens: 10,
      edits: (mask) => own(mask, 'es'),
    });
    const V = model.config.vocabSize;
    const read = [...prompt];
    for (let n = 0; n < 10; n++) {
      const last = logits(model, read, steps, prompt.length - 1).subarray((read.length - 1) * V);
      read.push(last.indexOf(Math.max(...last)));
    }
    expect(cached).toEqual(read.slice(prompt.length));
    const [plain] = await generate(model, [prompt], { maxNewTokens: 10 });
    expect(plain).not.toEqual(cached);
  });

  it('is over when a pass throws: nothing of it is left in the model, and no tensor', () => {
    const before = logits(model, ids, []);
    const { numTensors } = tf.memory();
    const failing = {
      layer: 2,
      apply: () => {
        throw new Error('on the way');
      },
    };
    const edits = [...steeringEdits([step(1, 1, 3)])(new Uint8Array(12).fill(1), 'es'), failing];
    expect(() =>
      tf.tidy(() => model.forward({ tokens_BT: tf.tensor2d([ids], [1, 12], 'int32'), edits }).hidden_BTD),
    ).toThrow('on the way');
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(logits(model, ids, [])).toEqual(before);
  });

  it('never changes a vector, and says so if someone else did', () => {
    const own = step(1, 1, 3);
    logits(model, ids, [own], 5);
    requireUnchanged([own]);
    own.vector.vectors_LD.get('es')![3] = 0;
    expect(() => requireUnchanged([own])).toThrow('have been changed while it was used');
  });

  it('refuses a language that the vector does not have, naming those it has', () => {
    expect(() => steeringEdits([step(1, 1, 1)])(new Uint8Array(3), 'ko')).toThrow(
      'the other vector of made on made has nothing of ko; it has es',
    );
    expect(() => requireLanguages([step(1, 1, 1)], ['es', 'ko', 'en'])).toThrow(
      /nothing of ko.*\n.*nothing of en/,
    );
  });

  it('refuses a layer that the vector does not have, which would steer nothing in silence', () => {
    for (const layer of [L, -1, 1.5])
      expect(() => steeringEdits([step(1, layer, 1)])).toThrow(`there is no layer ${layer}`);
  });

  it('by EN leaves English alone, by LOC it does not', () => {
    const en = { ...step(1, 1, 1), vector: vectorOf(1, { kind: 'en' }) };
    requireLanguages([en], ['en', 'es']);
    expect(steeringEdits([en])(new Uint8Array(3), 'en')).toEqual([]);
    const loc = { ...step(1, 1, 1), vector: vectorOf(1, { kind: 'loc' }) };
    expect(() => requireLanguages([loc], ['en', 'es'])).toThrow('the loc vector');
  });

  it('by a vector of * serves all languages', () => {
    const vector = madeVector({ '*': [...vectorOf(1).vectors_LD.get('es')!] }, { layers: L, width: D });
    const all = [{ ...step(1, 1, 1), vector }];
    expect(logits(model, ids, all, 5)).toEqual(logits(model, ids, [step(1, 1, 1)], 5));
  });
});
