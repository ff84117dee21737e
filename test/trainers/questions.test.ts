/** Questions asked while a model is trained, and the checkpoint that is best by what they give. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/eval/evaluate.ts';
import { evaluationOf } from '../../src/eval/from-recipe.ts';
import { parseEvalText } from '../../src/recipe/index.ts';
import { resumeRun, train } from '../../src/trainers/run.ts';
import { temporaryFolder } from '../temporary.ts';
import { digest, metricsOf, recipe, recorder } from './tiny-run.ts';

const folder = temporaryFolder();
const at = (name: string) => ({
  cwd: folder.path,
  runDir: join(folder.path, 'runs', name),
  out: `out=runs/${name}`,
});
/** float32, as evaluations compute: figures of the two are compared. */
const PLAIN = ['backend.compute=float32'];
const ASKED = [...PLAIN, 'eval.tasks=toy', 'eval.languages=en,es,ko', 'eval.limit=4', 'eval.shots=1'];
const BEST = ['checkpoint.best_metric=eval_toy_choice_logprob', 'checkpoint.keep_last=1'];
const runOf = async (runDir: string) => JSON.parse(await readFile(join(runDir, 'run.json'), 'utf8'));
const figures = async (runDir: string) =>
  (await metricsOf(runDir)).filter((line) => line.eval_toy_acc !== undefined);

describe('questions during training', () => {
  it('are asked before, every few steps and after, and logged as means and by language', async () => {
    const { cwd, runDir, out } = at('asked');
    await train(recipe(out, ...ASKED, 'eval_every=4'), { cwd });
    const found = await figures(runDir);
    expect(found.map((line) => line.global_step)).toEqual([0, 4, 6]);
    const names = ['acc', 'choice_logprob'].flatMap((name) =>
      ['', '/en', '/es', '/ko'].map((end) => `eval_toy_${name}${end}`),
    );
    expect(Object.keys(found[0]!).filter((key) => key.startsWith('eval_'))).toEqual(names);
    for (const line of found)
      expect(line.eval_toy_acc).toBeCloseTo((line['eval_toy_acc/es']! + line['eval_toy_acc/ko']!) / 2, 12);
    expect((await runOf(runDir)).data.at(-1)).toMatchObject({
      ...{ path: 'builtin:toy', rows: 12, use: 'eval_task' },
    });
  });

  it('change no loss and no weight', async () => {
    const [with_, without] = [at('with'), at('without')];
    await train(recipe(with_.out, ...ASKED, 'eval_every=2'), { cwd: folder.path });
    await train(recipe(without.out, ...PLAIN), { cwd: folder.path });
    const steps = async (runDir: string) =>
      (await metricsOf(runDir)).filter(({ loss }) => loss !== undefined);
    expect(await steps(with_.runDir)).toEqual(await steps(without.runDir));
    expect(await digest(with_.runDir, 6)).toBe(await digest(without.runDir, 6));
  });

  it('give the figures that an evaluation of the checkpoint gives', async () => {
    const { cwd, runDir, out } = at('same');
    await train(recipe(out, ...ASKED), { cwd });
    const text = 'method: eval\nmodel: {path: runs/same}\n';
    const settings = ['languages=en,es,ko', 'limit=4', 'shots=1', 'split=dev2'];
    const { tasks } = await evaluate(evaluationOf(parseEvalText(text, 'e.yaml', settings), 'out'), {
      ...{ cwd, progress: { downloading() {}, message() {} }, stop: { signal: undefined } },
    });
    const { accuracy, choiceLogProb } = tasks[0]!.summary;
    const last = (await figures(runDir)).at(-1)!;
    expect(last.eval_toy_acc).toBe(accuracy.mean.mean);
    expect(last.eval_toy_choice_logprob).toBeCloseTo(choiceLogProb.mean.mean, 5);
    expect(last['eval_toy_choice_logprob/ko']).toBeCloseTo(choiceLogProb.byLanguage.ko!.mean, 5);
  });
});

describe('the best checkpoint', () => {
  it('is saved where it is found, kept from pruning, told in run.json and at the end', async () => {
    const { cwd, runDir, out } = at('best');
    // The highest loss of a run that learns is its first step's, which is none of every fourth.
    const result = await train(
      recipe(
        out,
        ...['data.eval_fraction=0.2', 'eval_every=1', 'checkpoint.every=4', 'checkpoint.keep_last=1'],
        ...[
          'checkpoint.best_metric=eval_loss',
          'checkpoint.best_is=highest',
          'train.schedule.warmup_ratio=0',
        ],
      ),
      { cwd },
    );
    const losses = (await metricsOf(runDir)).filter((line) => line.eval_loss !== undefined);
    const name = 'step-000001';
    const { best } = await runOf(runDir);
    expect(best).toEqual({
      ...{ metric: 'eval_loss', is: 'highest', step: 1, value: losses[1]!.eval_loss },
      checkpoint: `checkpoints/${name}`,
    });
    expect(await readdir(join(runDir, 'checkpoints'))).toEqual([name, 'step-000006']);
    expect(result.best).toEqual({
      ...best,
      dir: join(runDir, best.checkpoint),
      before: losses[0]!.eval_loss,
    });
  });

  it('of a run that was stopped and resumed is the same, as are its weights and figures', async () => {
    const [straight, halves] = [at('straight'), at('halves')];
    const all = [...ASKED, ...BEST, 'eval_every=1', 'checkpoint.every=3'];
    await train(recipe(straight.out, ...all), { cwd: folder.path });
    const stop: { signal: 'SIGTERM' | undefined } = { signal: undefined };
    const progress = recorder(([event, metrics]) => {
      if (event === 'step' && metrics.global_step === 3) stop.signal = 'SIGTERM';
    });
    const run = train(recipe(halves.out, ...all), { cwd: folder.path, progress, stop });
    await expect(run).rejects.toMatchObject({ exitCode: 143, step: 3 });
    await resumeRun(halves.runDir, [], { cwd: folder.path });
    expect(await digest(halves.runDir, 6)).toBe(await digest(straight.runDir, 6));
    expect(await metricsOf(halves.runDir)).toEqual(await metricsOf(straight.runDir));
    expect((await runOf(halves.runDir)).best).toEqual((await runOf(straight.runDir)).best);
  });

  it('by what nothing measures is refused before anything is written, with the nearest', async () => {
    const { cwd, runDir, out } = at('never');
    const refused = (...overrides: string[]) => train(recipe(out, ...ASKED, ...overrides), { cwd });
    await expect(refused('checkpoint.best_metric=eval_toy_ac')).rejects.toThrow(
      'must be one of what is measured (eval_toy_acc, eval_toy_choice_logprob), found "eval_toy_ac". Did you mean eval_toy_acc?',
    );
    await expect(refused('checkpoint.best_metric=eval_toy_acc/zh')).rejects.toThrow(
      /found "eval_toy_acc\/zh"/,
    );
    await expect(readdir(runDir)).rejects.toThrow('ENOENT');
  });

  it('may be chosen anew on a resumption, as nothing of what is trained depends on it', async () => {
    const { cwd, runDir, out } = at('anew');
    await train(recipe(out, ...ASKED, 'train.max_steps=4', 'eval_every=2'), { cwd });
    const more = ['train.max_steps=6', 'checkpoint.best_metric=eval_toy_acc/ko'];
    const { best } = await resumeRun(runDir, more, { cwd });
    expect(best?.metric).toBe('eval_toy_acc/ko');
    expect((await runOf(runDir)).best.step).toBe(best!.step);
  });
});
