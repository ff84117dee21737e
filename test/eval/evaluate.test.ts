import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import { type EvaluationRequest, evaluate } from '../../src/eval/evaluate.ts';
import { savedScores } from '../../src/eval/results/index.ts';
import { Interrupted } from '../../src/runs/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'isogloss-eval-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => startBackend({ name: 'torch', compute: 'float32' }));

const REQUEST: EvaluationRequest = {
  model: 'tiny',
  tasks: [{ name: 'toy', options: {} }],
  ...{ languages: ['en', 'es', 'zh'], limit: 12, shots: 2, chat: false, metric: 'sum', seed: 1 },
  ...{ out: 'whole', tokenBudget: 600, backend: { name: 'torch', compute: 'float32' } },
};
const said: string[] = [];
const progress = { downloading() {}, message: (text: string) => void said.push(text) };
const run = (
  request: Partial<EvaluationRequest>,
  onScored?: (done: number) => void,
  stop: { signal: 'SIGINT' | undefined } = { signal: undefined },
) =>
  evaluate(
    { ...REQUEST, ...request },
    { cwd: folder, progress, stop, onScored: ({ done }) => onScored?.(done) },
  );
const logprobs = async (out: string) => {
  const found: [string, number[]][] = [];
  for await (const { language, scores } of savedScores(join(folder, out)))
    for (const { item, scores: own } of scores)
      found.push([`${language} ${item.id}`, own.map(({ logprob }) => logprob)]);
  return found;
};

describe('an evaluation', () => {
  it('asks every item of every language, and writes what lm-eval writes, with ours beside it', async () => {
    const { results, tasks } = await run({});
    const json = JSON.parse(readFileSync(results, 'utf8'));
    expect(json['n-samples']).toEqual(
      Object.fromEntries(['en', 'es', 'zh'].map((l) => [`toy_${l}`, { original: 12, effective: 12 }])),
    );
    const [{ summary }] = tasks as [(typeof tasks)[0]];
    expect(json.results.toy['acc,none']).toBeCloseTo(summary.accuracy.mean.mean, 12);
    // The mean is over what is not English.
    expect(summary.accuracy.averaged).toEqual(['es', 'zh']);
    expect(summary.n).toBe(36);
    expect(json.isogloss.tasks.toy.nClusters).toBe(12);
  });

  it('that is stopped goes on where it was, with the same scores', async () => {
    const stop: { signal: 'SIGINT' | undefined } = { signal: undefined };
    const stopped = run(
      { out: 'stopped' },
      (done) => {
        if (done > 10) stop.signal = 'SIGINT';
      },
      stop,
    );
    await expect(stopped).rejects.toBeInstanceOf(Interrupted);
    const before = (await logprobs('stopped')).length;
    expect(before).toBeGreaterThan(5);
    expect(before).toBeLessThan(36);
    const counts: number[] = [];
    await run({ out: 'stopped' }, (done) => counts.push(done));
    expect(counts[0]).toBeGreaterThan(before);
    const [whole, again] = [await logprobs('whole'), await logprobs('stopped')];
    expect(again.map(([key]) => key)).toEqual(whole.map(([key]) => key));
    // To the last bit: what is scored together is the same whether or not it was stopped.
    expect(again).toEqual(whole);
  });

  it('whose samples are cut within a pack scores the pack again, and writes what is missing', async () => {
    const { results } = await run({ out: 'cut' });
    const path = results.replace('results_', 'samples_toy_es_').replace(/json$/, 'jsonl');
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, before.slice(0, before.length / 2));
    await expect(logprobs('cut')).rejects.toThrow(/has \d samples, and the evaluation ended with 12/);
    await run({ out: 'cut' });
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('of something else is refused in the same folder, saying what differs', async () => {
    await expect(run({ shots: 1 })).rejects.toThrow(/tasks\.toy\.shots: 1, not 2/);
  });

  it('of unknown tasks, languages and metrics is refused before anything is written', async () => {
    await expect(run({ tasks: [{ name: 'tooy', options: {} }], out: 'no' })).rejects.toThrow(
      'Did you mean toy?',
    );
    await expect(run({ languages: ['xx'], out: 'no' })).rejects.toThrow(/xx/);
    await expect(run({ scoring: 'letters', metric: 'bytes', out: 'no' })).rejects.toThrow(
      'letters are compared by sum',
    );
  });
});
