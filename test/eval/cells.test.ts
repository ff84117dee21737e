/** Each cell of a pass over many must be what an evaluation under its steps alone finds. */
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { askTask } from '../../src/eval/ask.ts';
import { type Cell, scoreCells } from '../../src/eval/cells.ts';
import { groupBy } from '../../src/eval/group.ts';
import type { ScoredItem } from '../../src/eval/item.ts';
import type { PreparedItem } from '../../src/eval/scoring/prepare.ts';
import { scoreItems } from '../../src/eval/scoring/score.ts';
import { createGemma3, type Gemma3 } from '../../src/model/index.ts';
import { findModel, type ModelSource } from '../../src/runs/index.ts';
import { requireUnchanged, steeringEdits } from '../../src/steering/edits.ts';
import type { SteeringStep, SteeringVector } from '../../src/steering/vector.ts';
import { madeVector } from '../steering/made.ts';

let model: Gemma3;
let source: ModelSource;
let vectors: SteeringVector[];
beforeAll(async () => {
  await startBackend({ name: 'torch', compute: 'float32' });
  source = await findModel({ path: 'tiny' }, { cwd: '.' });
  // A window shorter than prompts: what a copy no longer sees of its prompt is left out as it is without copies.
  model = createGemma3({ ...source.config, slidingWindow: 6 }, 1);
  const { numHiddenLayers: layers, hiddenSize: width } = source.config;
  const numbers = (seed: number) =>
    Array.from({ length: layers * width }, (_, i) => Math.sin(i * 12.9898 + seed) * 0.5);
  vectors = [1, 2].map((seed) =>
    madeVector({ es: numbers(seed), ko: numbers(seed + 10) }, { layers, width, facts: { kind: 'loc' } }),
  );
});

const step = (vector: number, layer: number, gamma: number): SteeringStep => ({
  ...{ vector: vectors[vector]!, layer, gamma, tokens: 'prompt_end' },
});

async function prepared(
  task: string,
  settings: { scoring?: 'letters' | 'text'; shots?: number; metric?: 'sum' | 'pmi' } = {},
): Promise<PreparedItem[]> {
  const { shots = 0, metric = 'sum', scoring } = settings;
  const asked = await askTask(
    { name: task, options: {} },
    {
      ...{ languages: ['es', 'ko'], limit: 5, chat: false, seed: 3, shots, metric },
      ...(scoring ? { scoring } : {}),
      split: { part: 'test', by: 'question', dev1: 5, dev2: 5 },
    },
    source,
    '.',
    () => {},
  );
  return [...groupBy(asked.prepared, ({ item }) => item.language).values()].flat();
}

async function together(items: readonly PreparedItem[], cells: readonly Cell[], tokenBudget: number) {
  const all: ScoredItem[][] = cells.map(() => []);
  for await (const found of scoreCells(model, items, cells, { tokenBudget }))
    for (const [c, own] of found.entries()) all[c]!.push(...own);
  return all;
}

function alone(items: readonly PreparedItem[], steps: Cell): ScoredItem[] {
  return [...scoreItems(model, items, { tokenBudget: 500, edits: steeringEdits(steps) })].flat();
}

function expectSame(a: readonly ScoredItem[], b: readonly ScoredItem[]): void {
  expect(a.map(({ item }) => `${item.language} ${item.id}`)).toEqual(
    b.map(({ item }) => `${item.language} ${item.id}`),
  );
  for (const [i, { scores, letterMass }] of a.entries()) {
    for (const [o, { logprob, unconditional, ...rest }] of scores.entries()) {
      const other = b[i]!.scores[o]!;
      expect(Math.abs(logprob - other.logprob)).toBeLessThan(1e-4 * Math.max(1, Math.abs(logprob)));
      if (unconditional !== undefined) expect(unconditional).toBeCloseTo(other.unconditional!, 4);
      expect(rest).toEqual({ tokens: other.tokens, bytes: other.bytes, greedy: other.greedy });
    }
    if (letterMass !== undefined) expect(letterMass).toBeCloseTo(b[i]!.letterMass!, 5);
  }
}

const grid = (): Cell[] => [
  [],
  ...[0, 1, 2, 3].flatMap((layer) => [[step(0, layer, 1)], [step(1, layer, -2)]]),
  [step(0, 1, 0.5), step(1, 3, 2)],
  [step(1, 2, 1), step(0, 2, 1), step(0, 0, 1)],
];

describe('cells of one pass', () => {
  it.each([
    ['option texts', 'toy', {}],
    ['option texts behind examples', 'toy_culture', { shots: 2 }],
    ['letters', 'toy', { scoring: 'letters' }],
  ] as const)('are each the evaluation under its steps: %s', async (_, task, settings) => {
    const items = await prepared(task, settings);
    const cells = grid();
    const found = await together(items, cells, 2000);
    for (const [c, steps] of cells.entries()) expectSame(found[c]!, alone(items, steps));
    // They are no copies of one another.
    const sums = found.map((own) => own.reduce((sum, { scores }) => sum + scores[0]!.logprob, 0).toFixed(4));
    expect(new Set(sums).size).toBe(cells.length);
  });

  it('are the same with any budget, which may be too small for an item with all copies', async () => {
    const items = await prepared('toy', { shots: 1 });
    const cells = grid();
    const [small, large] = [await together(items, cells, 60), await together(items, cells, 50_000)];
    for (const [c] of cells.entries()) expectSame(small[c]!, large[c]!);
  });

  it('of gamma 0 are the model as it is to the last bit, also after others', async () => {
    const items = await prepared('toy');
    const [clean, steered, zero] = await together(items, [[], [step(0, 1, 3)], [step(0, 1, 0)]], 2000);
    expect(zero).toEqual(clean);
    expect(steered).not.toEqual(clean);
  });

  it('steer everywhere, and score options by themselves, as an evaluation does', async () => {
    const items = await prepared('toy', { metric: 'pmi' });
    const cells: Cell[] = [[], [step(0, 1, 1)], [{ ...step(1, 2, 1), tokens: 'everywhere' }]];
    const found = await together(items, cells, 2000);
    for (const [c, steps] of cells.entries()) expectSame(found[c]!, alone(items, steps));
    expect(found[0]![0]!.scores[0]!.unconditional).toBeDefined();
  });

  it('leave vectors as they were, and no tensor behind', async () => {
    const items = await prepared('toy');
    const before = tf.memory().numTensors;
    await together(items, grid(), 2000);
    requireUnchanged(grid().flat());
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuse a language that a vector does not have', async () => {
    const items = await prepared('toy');
    const vector = { ...vectors[0]!, vectors_LD: new Map([['es', vectors[0]!.vectors_LD.get('es')!]]) };
    const cell = [{ ...step(0, 1, 1), vector }];
    await expect(together(items, [cell], 2000)).rejects.toThrow('has nothing of ko');
  });
});
