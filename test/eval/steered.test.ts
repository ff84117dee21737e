/** Evaluations under steering: what is scored, and what results say of it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EvaluationRequest, evaluate } from '../../src/eval/evaluate.ts';
import { savedScores } from '../../src/eval/results/index.ts';
import { packItems } from '../../src/eval/scoring/pack.ts';
import { prepareItems } from '../../src/eval/scoring/prepare.ts';
import { madeOfThese, otherPrompts, steeringFacts, steeringKey } from '../../src/eval/steered.ts';
import { presetConfig } from '../../src/model/index.ts';
import { loadTokenizer } from '../../src/model/tokenizer/index.ts';
import { findModel } from '../../src/runs/index.ts';
import type { SteeringStep, VectorFacts } from '../../src/steering/vector.ts';
import { startTorch } from '../backend/torch.ts';
import { madeVector } from '../steering/made.ts';
import { temporaryFolder } from '../temporary.ts';
import { toyItems } from './scoring/items.ts';

const folder = temporaryFolder();
const { numHiddenLayers: L, hiddenSize: D } = presetConfig('tiny');
let weights = '';
beforeAll(async () => {
  await startTorch();
  weights = await (await findModel({ path: 'tiny' }, { cwd: '.' })).identity();
});

/** A vector for es and zh; that of zh is of zeros. */
const step = (
  seed: number,
  layer: number,
  gamma: number,
  facts: Partial<VectorFacts> = {},
): SteeringStep => ({
  vector: madeVector(
    { es: Array.from({ length: L * D }, (_, i) => Math.sin(seed * 7919 + i)), zh: Array(L * D).fill(0) },
    {
      ...{ layers: L, width: D },
      facts: {
        kind: 'en',
        model: { name: 'tiny', weights, num_hidden_layers: L, hidden_size: D },
        ...facts,
      },
    },
  ),
  ...{ layer, gamma, tokens: 'prompt_end' },
});

const said: string[] = [];
const run = (out: string, steering: readonly SteeringStep[], changes: Partial<EvaluationRequest> = {}) =>
  evaluate(
    {
      ...{ model: 'tiny', tasks: [{ name: 'toy', options: {} }], languages: ['en', 'es', 'zh'], limit: 4 },
      ...{ shots: 0, chat: false, metric: 'sum', seed: 1, out, tokenBudget: 600, steering },
      backend: { name: 'torch', compute: 'float32' },
      ...changes,
    },
    {
      cwd: folder.path,
      progress: { downloading() {}, message: (text) => void said.push(text) },
      stop: { signal: undefined },
    },
  );
const logprobs = async (out: string) => {
  const found = new Map<string, number[]>();
  for await (const { language, scores } of savedScores(join(folder.path, out)))
    found.set(
      language,
      scores.flatMap(({ scores: own }) => own.map(({ logprob }) => logprob)),
    );
  return found;
};

describe('an evaluation under steering', () => {
  it('scores otherwise what the vector is of, and English and a vector of zeros as they were', async () => {
    await run('plain', []);
    const { results } = await run('steered', [step(1, 1, 3)]);
    const [plain, steered] = [await logprobs('plain'), await logprobs('steered')];
    expect(steered.get('es')).not.toEqual(plain.get('es'));
    expect(steered.get('en')).toEqual(plain.get('en'));
    expect(steered.get('zh')).toEqual(plain.get('zh'));
    const json = JSON.parse(readFileSync(results, 'utf8'));
    expect(json.steering).toMatchObject([
      { kind: 'en', layer: 1, gamma: 3, tokens: 'prompt_end', languages: ['es', 'zh'], model: 'tiny' },
    ]);
    expect(json.isogloss.key.steering).toBe(steeringKey([step(1, 1, 3)]));
  });

  it('by gamma 0 scores what none does to the last bit, after one that was steered, and is the same evaluation', async () => {
    await run('zero', [step(1, 1, 0)]);
    expect(await logprobs('zero')).toEqual(await logprobs('plain'));
    await expect(run('plain', [step(1, 1, 0)])).resolves.toBeDefined();
  });

  it('is another than one that is not, or is steered otherwise: its folder is not gone on with', async () => {
    await expect(run('steered', [])).rejects.toThrow(/steering: none, not "/);
    await expect(run('steered', [step(1, 1, 2)])).rejects.toThrow(/steering: "/);
    await expect(run('steered', [{ ...step(1, 1, 3), tokens: 'everywhere' }])).rejects.toThrow(/steering: "/);
  });

  it('is refused before anything is written where a vector does not fit', async () => {
    const bad = (facts: Partial<VectorFacts>, layer = 1) => run('no', [step(1, layer, 1, facts)]);
    const model = { name: 'other', weights, num_hidden_layers: L, hidden_size: D };
    await expect(bad({}, 4)).rejects.toThrow('there is no layer 4: tiny has 4, 0 to 3');
    await expect(bad({ model: { ...model, hidden_size: 7 } })).rejects.toThrow(
      '4 blocks of width 7, and tiny has',
    );
    await expect(bad({ model: { ...model, weights: 'w' } })).rejects.toThrow('other weights');
    await expect(bad({ kind: 'loc' })).rejects.toThrow('has nothing of en; it has es, zh');
    expect(existsSync(join(folder.path, 'no'))).toBe(false);
    const other = step(1, 1, 1, { model: { ...model, weights: 'w' } });
    await expect(run('any', [other], { steerAnyWeights: true, limit: 1 })).resolves.toBeDefined();
  });

  it('warns of questions that the vector was made of', async () => {
    const pairs = { es: { ids: ['1', '2'], sha256: '' } };
    const own = step(1, 1, 1, { task: 'toy', pairs });
    const items = toyItems(1).map((item) => ({ ...item, language: 'es', id: '2' }));
    expect(madeOfThese([own], 'toy', items)[0]).toContain(
      '3 of the 3 items asked are among those that the en vector',
    );
    expect(madeOfThese([own], 'bmlama', items)).toEqual([]);
  });
});

describe('a vector that was read off other prompts', () => {
  const extraction = {
    ...{
      path: null,
      tokenizer: null,
      languages: [],
      options: {},
      sources: [],
      split_by: 'question' as const,
    },
    ...{ dev1: 1, dev2: 1, compute: 'float32', storage: 'float32' },
  };

  it('is told of: another tokenizer, a chat template or none', () => {
    const own = step(1, 1, 1, { extraction, tokenizer: 't', chat_template: 'c' });
    expect(otherPrompts([own], { tokenizer: 't', chat_template: 'c' })).toEqual([]);
    expect(otherPrompts([own, own], { tokenizer: 'u', chat_template: null })).toEqual([
      "the en vector was read with another tokenizer than this model's",
      'the en vector was read in a chat template, and questions are asked without a chat template',
    ]);
    expect(otherPrompts([own], { tokenizer: 't', chat_template: 'd' })).toEqual([
      "the en vector was read in another chat template than this model's",
    ]);
    expect(otherPrompts([step(1, 1, 1)], { tokenizer: 'u', chat_template: 'c' })).toEqual([]);
  });
});

describe('steering in results', () => {
  it('is the same in any order, and without what has gamma 0', () => {
    const steps = [step(1, 1, 2), step(2, 3, 1), step(3, 0, 0)];
    expect(steeringKey(steps.toReversed())).toBe(steeringKey(steps));
    expect(steeringKey(steps.slice(0, 2))).toBe(steeringKey(steps));
    expect(steeringFacts(steps.toReversed())).toEqual(steeringFacts(steps));
    expect(steeringKey([step(3, 0, 0)])).toBeNull();
  });

  it('is another for another vector, layer, gamma or other tokens', () => {
    const others = [
      step(2, 1, 2),
      step(1, 2, 2),
      step(1, 1, 1),
      { ...step(1, 1, 2), tokens: 'everywhere' as const },
    ];
    const keys = [step(1, 1, 2), ...others].map((one) => steeringKey([one]));
    expect(new Set(keys).size).toBe(5);
  });
});

describe('the tokens that are steered', () => {
  it('begin with the one that predicts the first scored token (CAA was off by one)', async () => {
    const tokenizer = await loadTokenizer(join(import.meta.dirname, '../../data/tiny'));
    for (const scoring of ['text', 'letters'] as const) {
      const settings = { scoring, prompt: 'question', shots: 0, chat: false, unconditional: false } as const;
      const { items } = prepareItems(toyItems(3).slice(0, 3), [], tokenizer, settings, 2048);
      const { scored, fromPromptEnd_T, positions_T } = packItems(items);
      for (const [i, sequences] of scored.entries()) {
        for (const { rows } of sequences) {
          expect(fromPromptEnd_T[rows[0]!]).toBe(1);
          for (const row of rows) expect(fromPromptEnd_T[row]).toBe(1);
        }
        // No token of the prompt before it.
        const first = Math.min(...sequences.map(({ rows }) => rows[0]!));
        expect(positions_T[first]).toBe(Math.min(...items[i]!.sequences.map((one) => one.first)) - 1);
        expect(fromPromptEnd_T[first - 1]).toBe(0);
      }
    }
  });
});
