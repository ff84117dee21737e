import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EvaluationRequest, evaluate } from '../../src/eval/evaluate.ts';
import { evaluateSeries } from '../../src/eval/series.ts';
import { formatSeries } from '../../src/eval/series-text.ts';
import { Interrupted } from '../../src/runs/index.ts';
import { train } from '../../src/trainers/run.ts';
import { temporaryFolder } from '../temporary.ts';
import { recipe } from '../trainers/tiny-run.ts';

const folder = temporaryFolder();
beforeAll(async () => {
  const run = recipe('out=run', 'checkpoint.keep_last=null', 'backend.compute=float32');
  await train(run, { cwd: folder.path });
});

const REQUEST: EvaluationRequest = {
  ...{ model: 'run', tasks: [{ name: 'toy', options: {} }], languages: ['es', 'ko'], limit: 5, shots: 0 },
  ...{ chat: false, metric: 'sum', seed: 1, out: 'series', tokenBudget: 2000 },
  backend: { name: 'torch', compute: 'float32' },
};
const said: string[] = [];
const options = (stop: { signal: 'SIGINT' | undefined } = { signal: undefined }) => ({
  ...{ cwd: folder.path, stop },
  progress: { downloading() {}, message: (text: string) => void said.push(text) },
});
const series = (request: Partial<EvaluationRequest> = {}) =>
  evaluateSeries({ ...REQUEST, ...request }, options());
const names = ['step-000002', 'step-000004', 'step-000006'];

describe('a series of checkpoints', () => {
  it('has a folder for each, the figures of each in series.json, and a table by step', async () => {
    const { path, steps } = await series({ split: { part: 'test', by: 'question', dev1: 30, dev2: 30 } });
    expect(readdirSync(join(folder.path, 'series')).sort()).toEqual(['series.json', ...names]);
    const json = JSON.parse(readFileSync(path, 'utf8'));
    expect(json.steps.map(({ folder: name }: { folder: string }) => name)).toEqual(names);
    for (const [i, { tasks }] of steps.entries()) {
      const { accuracy, choiceLogProb } = tasks[0]!.summary;
      expect(json.steps[i].tasks.toy.acc.mean).toBe(accuracy.mean.mean);
      expect(json.steps[i].tasks.toy.choice_logprob.by_language.ko).toBe(choiceLogProb.byLanguage.ko!.mean);
    }
    // The weights differ, and so do the figures.
    expect(new Set(steps.map(({ tasks }) => tasks[0]!.summary.choiceLogProb.mean.mean)).size).toBe(3);
    const lines = formatSeries(steps).split('\n');
    expect(lines[1]).toMatch(/^step +items +accuracy +95 % +choice +es +ko$/);
    expect(lines.slice(2, 5).map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      ['2', '10'],
      ['4', '10'],
      ['6', '10'],
    ]);
  });

  it('says what is true of the tasks once, not at every step', () => {
    expect(said.filter((text) => /questions are in more than one part/.test(text))).toHaveLength(1);
  });

  it('that is stopped goes on at the checkpoint where it was', async () => {
    const out = 'stopped';
    const stop: { signal: 'SIGINT' | undefined } = { signal: undefined };
    const stopped = evaluateSeries(
      { ...REQUEST, out },
      {
        ...options(stop),
        onCheckpoint: ({ index }) => {
          if (index === 1) stop.signal = 'SIGINT';
        },
      },
    );
    await expect(stopped).rejects.toBeInstanceOf(Interrupted);
    const first = join(folder.path, out, names[0]!);
    const before = readdirSync(first);
    expect((await series({ out })).steps.map(({ step }) => step)).toEqual([2, 4, 6]);
    expect(readdirSync(first)).toEqual(before);
  });

  it('is of a run, which has checkpoints, in a folder that holds no evaluation', async () => {
    await expect(series({ model: 'tiny' })).rejects.toThrow('tiny: is no run');
    await evaluate({ ...REQUEST, out: 'one' }, options());
    await expect(series({ out: 'one' })).rejects.toThrow('one: holds the results of one evaluation');
    writeFileSync(join(folder.path, 'run/checkpoints', names[2]!, 'trainer/state.json'), '{');
    rmSync(join(folder.path, 'run/checkpoints', names[1]!), { recursive: true });
    expect((await series({ out: 'left' })).steps.map(({ step }) => step)).toEqual([2]);
    expect(said.join('\n')).toMatch(/step-000006 is damaged: .*; passed over/);
    rmSync(join(folder.path, 'run/checkpoints'), { recursive: true });
    await expect(series()).rejects.toThrow('the run has no checkpoint yet');
  });
});
