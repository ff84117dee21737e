import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memoryInfo } from '../../src/backend/index.ts';
import { UserError } from '../../src/errors.ts';
import { openSafetensors } from '../../src/model/files/index.ts';
import { Interrupted } from '../../src/runs/interrupt.ts';
import { resumeRun, train } from '../../src/trainers/run.ts';
import { temporaryFolder } from '../temporary.ts';
import { digest, metricsOf, recipe, recorder } from './tiny-run.ts';

const folder = temporaryFolder();
const at = (name: string) => ({
  cwd: folder.path,
  runDir: join(folder.path, 'runs', name),
  out: `out=runs/${name}`,
});

describe('train', () => {
  it('leaves the files of a run, and a last checkpoint that is a Hugging Face directory', async () => {
    const { cwd, runDir, out } = at('files');
    const sink = recorder();
    const result = await train(recipe(out), { cwd, progress: sink });
    expect((await readdir(runDir)).sort()).toEqual([
      'checkpoints',
      'metrics.jsonl',
      'recipe.resolved.yaml',
      'run.json',
    ]);
    expect(await readdir(join(runDir, 'checkpoints'))).toEqual(['step-000004', 'step-000006']);
    expect((await readdir(result.checkpoint)).sort()).toEqual([
      'chat_template.jinja',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'trainer',
    ]);
    expect(result).toMatchObject({ steps: 6, evalLossBefore: undefined });
    expect(sink.heard.map(([event]) => event)).toEqual([
      'start',
      'step',
      'step',
      'saved',
      'step',
      'step',
      'saved',
      'step',
      'step',
      'saved',
      'finish',
    ]);
    const run = JSON.parse(await readFile(join(runDir, 'run.json'), 'utf8'));
    expect(run).toMatchObject({
      method: 'mist',
      seed: 42,
      data: [{ path: 'builtin:toy', rows: 40, use: 'train' }],
    });
  });

  it('logs the names of TRL, the schedule included', async () => {
    const { cwd, runDir, out } = at('names');
    await train(recipe(out, 'train.schedule.warmup_ratio=0.34'), { cwd });
    const metrics = await metricsOf(runDir);
    expect(Object.keys(metrics[0]!)).toEqual([
      'global_step',
      'epoch',
      'num_tokens',
      'loss',
      'learning_rate',
      'grad_norm',
    ]);
    // Peak 2e-3, ceil(0.34 * 6) = 3 warm-up steps, then down to 0 after step 6.
    expect(metrics.map((m) => m.learning_rate! / 2e-3)).toEqual(
      [0, 1 / 3, 2 / 3, 1, 2 / 3, 1 / 3].map((x) => expect.closeTo(x, 12)),
    );
    expect(metrics.at(-1)!.epoch).toBeCloseTo(0.6, 12);
  });

  it('resumes to the very bits of a run that was never stopped, across epochs', async () => {
    const straight = at('straight');
    const halves = at('halves');
    // 40 rows in batches of 12: steps 4 and 8 are partial batches that end an epoch.
    const shape = [
      'train.batch_size=12',
      'train.micro_batch_size=5',
      'data.eval_fraction=0.2',
      'eval_every=3',
    ];
    await train(recipe(straight.out, 'train.max_steps=9', ...shape), { cwd: straight.cwd });
    const first = recorder(([event, saved]) => {
      if (event === 'saved' && saved.step === 4) stop.signal = 'SIGTERM';
    });
    const stop: { signal: 'SIGTERM' | undefined } = { signal: undefined };
    const run = train(recipe(halves.out, 'train.max_steps=9', ...shape), {
      cwd: halves.cwd,
      progress: first,
      stop,
    });
    await expect(run).rejects.toMatchObject({ exitCode: 143, step: 4 });
    await resumeRun(halves.runDir, [], { cwd: halves.cwd });
    expect(await digest(halves.runDir, 9)).toBe(await digest(straight.runDir, 9));
    expect(await metricsOf(halves.runDir)).toEqual(await metricsOf(straight.runDir));
  });

  it('starts again when it was stopped before its first checkpoint', async () => {
    const straight = at('whole');
    const { cwd, runDir, out } = at('early');
    await train(recipe(straight.out), { cwd });
    await expect(train(recipe(out), { cwd, stop: { signal: 'SIGINT' } })).rejects.toThrow(Interrupted);
    expect(await readdir(join(runDir, 'checkpoints'))).toEqual([]);
    await resumeRun(runDir);
    expect(await digest(runDir, 6)).toBe(await digest(straight.runDir, 6));
  });

  it('throws away the unfinished step when it is stopped between micro-batches, and saves the one before', async () => {
    const { cwd, runDir, out } = at('midstep');
    const stop: { signal: 'SIGINT' | undefined } = { signal: undefined };
    const sink = recorder(([event, metrics]) => {
      if (event === 'step' && metrics.global_step === 3) setTimeout(() => (stop.signal = 'SIGINT'), 0);
    });
    const run = train(recipe(out, 'train.micro_batch_size=1'), { cwd, progress: sink, stop });
    await expect(run).rejects.toMatchObject({ exitCode: 130, step: 3 });
    expect((await metricsOf(runDir)).map((m) => m.global_step)).toEqual([1, 2, 3]);
    expect(await readdir(join(runDir, 'checkpoints'))).toEqual(['step-000002', 'step-000003']);
  });

  it('goes on past the end when a resume asks for more steps', async () => {
    const { cwd, runDir, out } = at('more');
    await train(recipe(out), { cwd });
    const sink = recorder();
    expect((await resumeRun(runDir, ['train.max_steps=8'], { cwd, progress: sink })).steps).toBe(8);
    expect(sink.heard.filter(([event]) => event === 'step')).toHaveLength(2);
    expect(sink.heard).toContainEqual(['message', 'train.max_steps: 6 -> 8']);
    expect((await metricsOf(runDir)).map((m) => m.global_step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('evaluates before, every few steps, and after', async () => {
    const { cwd, runDir, out } = at('eval');
    const result = await train(recipe(out, 'data.eval_fraction=0.2', 'eval_every=4'), { cwd });
    const measured = (await metricsOf(runDir)).filter((m) => m.eval_loss !== undefined);
    expect(measured.map((m) => m.global_step)).toEqual([0, 4, 6]);
    expect(result.evalLossBefore).toBe(measured[0]!.eval_loss);
    expect(result.evalLossAfter).toBe(measured[2]!.eval_loss);
  });

  it('says that training diverged, and keeps the last good checkpoint', async () => {
    const { cwd, runDir, out } = at('diverged');
    const wild = recipe(
      out,
      'train.optimizer.lr=1',
      'train.schedule.warmup_ratio=0',
      'train.max_grad_norm=null',
    );
    const huge = { ...wild, train: { ...wild.train, optimizer: { ...wild.train.optimizer, lr: 1e30 } } };
    await expect(train(huge, { cwd })).rejects.toThrow(/training diverged at step \d/);
    expect(await metricsOf(runDir)).not.toHaveLength(0);
  });
});

describe('mistakes', () => {
  const refuse = async (overrides: string[], message: string | RegExp): Promise<void> => {
    const { cwd, runDir, out } = at('never');
    const failure = await train(recipe(out, ...overrides), { cwd }).catch((error) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect(String(failure)).toMatch(message);
    await expect(readdir(runDir)).rejects.toThrow('ENOENT');
  };

  it('are found before anything is written: data', async () => {
    await writeFile(join(folder.path, 'bad.jsonl'), '{"prompt": "a"}\n');
    await writeFile(join(folder.path, 'empty.jsonl'), '');
    await refuse(['data.train.path=bad.jsonl'], 'bad.jsonl:1: the row has no response');
    await refuse(['data.train.path=empty.jsonl'], 'empty.jsonl: the data set has no rows');
    await refuse(['data.max_seq_len=8'], 'none of the 40 training rows can be used');
  });

  it('are found before anything is written: model', async () => {
    await refuse(['model.path=nowhere'], 'nowhere: there is no such model');
    await mkdir(join(folder.path, 'hollow'), { recursive: true });
    await refuse(['model.path=hollow'], /config\.json/);
  });

  it('are found before anything is written: run folder', async () => {
    await writeFile(join(folder.path, 'a-file'), '');
    await refuse(['out=a-file/run'], /a-file\/run: the folder cannot be made/);
    await refuse(['out=/proc/nowhere/run'], /the folder cannot be made|GiB are free/);
  });

  it('warns of rows it leaves out and cuts', async () => {
    const { cwd, out } = at('long');
    const rows = [
      { prompt: 'a'.repeat(100), completion: 'b' },
      { prompt: 'a', completion: 'b'.repeat(100) },
      { prompt: 'a', completion: 'b' },
    ];
    await writeFile(join(cwd, 'long.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    const sink = recorder();
    await train(recipe(out, 'data.train.path=long.jsonl', 'data.max_seq_len=32', 'train.max_steps=1'), {
      cwd,
      progress: sink,
    });
    expect(sink.heard.slice(0, 2)).toEqual([
      ['message', expect.stringMatching(/^1 of 3 training rows are left out: their prompt alone/), 'warning'],
      ['message', expect.stringMatching(/^1 of 3 training rows lose the end/), 'warning'],
    ]);
  });

  it('of a second run in the same folder: names resume', async () => {
    const { cwd, out } = at('twice');
    await train(recipe(out, 'train.max_steps=1'), { cwd });
    await expect(train(recipe(out), { cwd })).rejects.toThrow('isogloss resume runs/twice');
  });
});

describe('resume', () => {
  it('refuses what would make two runs of one, key by key, unless forced', async () => {
    const { cwd, runDir, out } = at('changed');
    await train(recipe(out, 'train.max_steps=2'), { cwd });
    const overrides = ['train.optimizer.lr=1e-4', 'seed=1', 'train.max_steps=3'];
    const failure = await resumeRun(runDir, overrides, { cwd }).catch((error) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect(String(failure)).toContain('train.optimizer.lr was 0.002 and is now 0.0001');
    expect(String(failure)).toContain('seed was 42 and is now 1');
    expect(String(failure)).not.toContain('max_steps');
    expect((await resumeRun(runDir, overrides, { cwd, force: true })).steps).toBe(3);
  });

  it('refuses data whose rows changed, but not data that moved', async () => {
    const { cwd, runDir, out } = at('moved');
    const rows = ['a', 'b', 'c'].map((x) => JSON.stringify({ prompt: x, completion: x })).join('\n');
    await writeFile(join(cwd, 'rows.jsonl'), rows);
    await train(recipe(out, 'data.train.path=rows.jsonl', 'train.max_steps=1'), { cwd });
    await writeFile(join(cwd, 'elsewhere.jsonl'), rows);
    await writeFile(join(cwd, 'rows.jsonl'), rows.replace('"c"', '"d"'));
    await expect(resumeRun(runDir, ['train.max_steps=2'], { cwd })).rejects.toThrow(
      'the training rows are not those',
    );
    const moved = ['train.max_steps=2', 'data.train.0.path=elsewhere.jsonl'];
    expect((await resumeRun(runDir, moved, { cwd })).steps).toBe(2);
  });

  it('says that there is no run', async () => {
    await expect(resumeRun('nothing', [], { cwd: folder.path })).rejects.toThrow(
      'nothing: there is no run in this folder',
    );
  });

  it('waits for nobody: a folder that is being trained in is refused', async () => {
    const { cwd, runDir, out } = at('busy');
    let second: unknown;
    const sink = recorder(([event, metrics]) => {
      if (event === 'step' && metrics.global_step === 1)
        second = resumeRun(runDir, [], { cwd }).catch((error) => error);
    });
    await train(recipe(out, 'train.max_steps=3'), { cwd, progress: sink });
    expect(String(await second)).toContain('is at work in this folder');
  });

  it('has nothing to do after the last step, and says so', async () => {
    const { cwd, runDir, out } = at('over');
    await train(recipe(out, 'train.max_steps=1'), { cwd });
    const sink = recorder();
    await resumeRun(runDir, [], { cwd, progress: sink });
    expect(sink.heard).toContainEqual([
      'message',
      expect.stringContaining('all 1 steps are done'),
      'warning',
    ]);
    expect(sink.heard.filter(([event]) => event === 'step')).toEqual([]);
  });
});

describe('training with weights stored as bf16', () => {
  for (const optimizer of ['adamw', 'adafactor']) {
    for (const weights of ['stochastic_rounding', 'master_copy']) {
      it(`learns with ${optimizer} and ${weights}, and resumes to the very bits`, async () => {
        const overrides = [
          'backend.storage=bfloat16',
          'backend.compute=float32',
          `train.optimizer.name=${optimizer}`,
          `train.optimizer.bf16_weights=${weights}`,
          'data.eval_fraction=0.2',
        ];
        const whole = at(`bf16-${optimizer}-${weights}`);
        const parts = at(`bf16-${optimizer}-${weights}-parts`);
        const result = await train(recipe(whole.out, ...overrides), { cwd: whole.cwd });
        expect(result.evalLossAfter!).toBeLessThan(result.evalLossBefore! - 0.3);
        const stop: { signal: 'SIGTERM' | undefined } = { signal: undefined };
        const progress = recorder(([event, saved]) => {
          if (event === 'saved' && saved.step === 2) stop.signal = 'SIGTERM';
        });
        const run = train(recipe(parts.out, ...overrides), { cwd: parts.cwd, progress, stop });
        await expect(run).rejects.toMatchObject({ step: 2 });
        await resumeRun(parts.runDir, [], { cwd: parts.cwd });
        expect(await digest(parts.runDir, 6)).toBe(await digest(whole.runDir, 6));
        const file = await openSafetensors(result.checkpoint);
        expect(new Set([...file.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['BF16']));
        await file.close();
      });
    }
  }

  it('does not let a resumption change what weights are stored as', async () => {
    const { cwd, runDir, out } = at('storage');
    await train(recipe(out), { cwd });
    await expect(
      resumeRun(runDir, ['backend.storage=bfloat16', 'train.max_steps=8'], { cwd }),
    ).rejects.toThrow(/backend\.storage was "float32" and is now "bfloat16"/);
  });

  it('says what holds the memory and what would need less when there is no more', async () => {
    const { cwd, out } = at('memory');
    // Weights, gradients and moments of a million parameters take 16 MB; other tests may have left some.
    const limit = (memoryInfo().bytes + 12e6) / 1e9;
    const overrides = [out, 'backend.compute=float32', `backend.memory_limit=${limit}`];
    const error = await train(recipe(...overrides), { cwd }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(/out of memory: .* The largest: .*\[\d+, \d+\] float32/);
    expect((error as Error).message).toMatch(/less is needed with a smaller train\.micro_batch_size/);
  });
});
