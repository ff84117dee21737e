import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gradients, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import type { Gemma3 } from '../../src/model/index.ts';
import type { MidalignRecipe } from '../../src/recipe/index.ts';
import { findRecipeModel, type ModelSource } from '../../src/runs/index.ts';
import type { Method } from '../../src/trainers/method.ts';
import { readMidalign } from '../../src/trainers/midalign.ts';
import { silent } from '../../src/trainers/progress.ts';
import { resumeRun, train } from '../../src/trainers/run.ts';
import { startTorch } from '../backend/torch.ts';
import { temporaryFolder } from '../temporary.ts';
import { metricsOf, midalignRecipe, recorder } from './tiny-run.ts';

const folder = temporaryFolder();
const at = (name: string) => ({
  cwd: folder.path,
  runDir: join(folder.path, name),
  out: `out=${name}`,
});

beforeAll(startTorch);

describe('the steps of MIDALIGN', () => {
  let model: Gemma3;
  let source: ModelSource;
  beforeAll(async () => {
    source = await findRecipeModel(midalignRecipe(), { cwd: '.' });
    ({ model } = await source.load({}));
  });
  afterAll(() => model.dispose());

  async function methodOf(recipe: MidalignRecipe): Promise<Method> {
    const rows = (await readMidalign(recipe, '.')).encode(source, () => {});
    const runDir = join(folder.path, 'steps');
    await mkdir(runDir, { recursive: true });
    const begun = {
      model,
      runDir,
      step: 0,
      modelSha256: await source.identity(),
      backend: await startBackend({ name: 'torch', compute: 'float32' }),
      progress: silent,
      stop: { signal: undefined },
    };
    return rows.begin({ ...begun, firstModel: () => Promise.reject(new Error('asked for the first model')) });
  }

  /** Losses by name as the loop logs them, and gradients, of one optimizer step. */
  function run(method: Method, step: number) {
    const into = new Gradients(model.parameters);
    const losses: Record<string, number> = {};
    const { prepare, micros, numTokens } = method.plan(step);
    prepare?.();
    for (const { name, share = 1, loss } of micros)
      losses[name] = (losses[name] ?? 0) + into.accumulate(loss) / share;
    const gradients = new Map(
      [...model.parameters.keys()].map((key) => [key, (into.get(key).dataSync() as Float32Array).slice()]),
    );
    into.dispose();
    return { losses, gradients, numTokens };
  }

  const bits = ({ losses, gradients, numTokens }: ReturnType<typeof run>) => {
    const hash = createHash('sha256');
    for (const values of gradients.values()) hash.update(values);
    return [losses, numTokens, hash.digest('hex')];
  };

  const names = (method: Method, step: number) => method.plan(step).micros.map(({ name }) => name);

  it('are likelihood and alignment in turn, likelihood first', async () => {
    const method = await methodOf(midalignRecipe('align.micro_batch_size=4'));
    // Batches of 4 rows in micro-batches of 2; of 6 pairs in 4 and 2.
    for (const step of [0, 2, 4]) expect(names(method, step)).toEqual(['loss', 'loss']);
    for (const step of [1, 3, 5]) expect(names(method, step)).toEqual(['align_loss', 'align_loss']);
    // 40 rows in batches of 4, and as many steps of alignment.
    expect(method.stepsPerEpoch).toBe(20);
  });

  it('are both at once with alternate=micro_batch: each loss as it is alone, the gradient the mean of both', async () => {
    const turns = await methodOf(midalignRecipe());
    for (const size of [6, 4]) {
      const both = await methodOf(
        midalignRecipe('align.alternate=micro_batch', `align.micro_batch_size=${size}`),
      );
      expect(new Set(names(both, 0))).toEqual(new Set(['loss', 'align_loss']));
      expect(both.stepsPerEpoch).toBe(10);
      for (const step of [0, 3]) {
        const [nll, align] = [run(turns, 2 * step), run(turns, 2 * step + 1)];
        const found = run(both, step);
        expect(found.losses.loss).toBeCloseTo(nll.losses.loss!, 5);
        expect(found.losses.align_loss).toBeCloseTo(align.losses.align_loss!, 5);
        expect(found.numTokens).toBe(nll.numTokens + align.numTokens);
        for (const [key, values] of found.gradients) {
          const [a, b] = [nll.gradients.get(key)!, align.gradients.get(key)!];
          const worst = values.reduce((max, x, i) => Math.max(max, Math.abs(x - (a[i]! + b[i]!) / 2)), 0);
          expect(worst, key).toBeLessThanOrEqual(1e-5);
        }
      }
    }
  });

  it('follow from the step alone: asked for in any order, twice, or of a method made anew', async () => {
    // Batches of 4 rows pass over 40 in 10 steps of likelihood, of 6 pairs over 48 in 8: 25 is in other epochs.
    const steps = [25, 0, 7, 1, 25, 16];
    const method = await methodOf(midalignRecipe('align.micro_batch_size=4'));
    for (const step of steps) {
      const anew = await methodOf(midalignRecipe('align.micro_batch_size=4'));
      expect(bits(run(method, step)), `step ${step}`).toEqual(bits(run(anew, step)));
    }
    expect(run(method, 1).losses).not.toEqual(run(method, 25).losses);
  });

  it('hold nothing of a step that was given up between its passes', async () => {
    const method = await methodOf(midalignRecipe('align.micro_batch_size=4'));
    const before = tf.memory().numTensors;
    method.plan(1).prepare!();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a run of MIDALIGN', () => {
  it('logs each loss under its own name, at its own steps', async () => {
    const turns = at('turns');
    await train(midalignRecipe(turns.out), { cwd: turns.cwd });
    const steps = (await metricsOf(turns.runDir)).filter((line) => 'learning_rate' in line);
    expect(steps.map((line) => ['loss' in line, 'align_loss' in line])).toEqual(
      [1, 2, 3, 4, 5, 6].map((step) => (step % 2 === 1 ? [true, false] : [false, true])),
    );
    const both = at('both');
    await train(midalignRecipe(both.out, 'align.alternate=micro_batch', 'train.max_steps=2'), {
      cwd: both.cwd,
    });
    const first = (await metricsOf(both.runDir)).find(({ global_step }) => global_step === 1)!;
    // Not added up, nor halved: as of the steps that have one.
    expect(first.loss).toBeCloseTo(steps[0]!.loss!, 4);
    expect(first.align_loss).toBeGreaterThan(0.1);
    expect(Object.keys(first).slice(0, 5)).toEqual([
      'global_step',
      'epoch',
      'num_tokens',
      'loss',
      'align_loss',
    ]);
  });

  it('measures held-out translations by language, and likelihood beside them', async () => {
    const { cwd, runDir, out } = at('held-out');
    await train(midalignRecipe(out, 'data.eval_fraction=0.2', 'eval_every=2', 'train.max_steps=4'), { cwd });
    const found = (await metricsOf(runDir)).filter((line) => 'eval_loss' in line);
    expect(found.map(({ global_step }) => global_step)).toEqual([0, 2, 4]);
    const figures = [
      'eval_retrieval_xx_en',
      'eval_retrieval_en_xx',
      'eval_cosine_gap',
      'eval_retrieval_xx_en_std',
      'eval_retrieval_en_xx_std',
      'eval_cosine_gap_std',
      'eval_mexa',
      'eval_mexa_std',
    ];
    for (const line of found) {
      for (const name of figures) {
        const [es, ko] = [line[`${name}/es`]!, line[`${name}/ko`]!];
        expect(line[name], name).toBeCloseTo((es + ko) / 2, 12);
        // Shares of six sentences.
        if (!name.includes('gap')) expect((es * 6) % 1, name).toBeCloseTo(0, 12);
        expect(`${name}/en` in line).toBe(false);
      }
      expect(line.eval_loss).toBeGreaterThan(0);
      expect(Object.keys(line).some((key) => /^eval_loss\/[a-z]{2}$/.test(key))).toBe(true);
    }
    expect(found[2]!.eval_cosine_gap).not.toBe(found[0]!.eval_cosine_gap);
  });

  it('measures translations alone where no rows are held out, and nothing where neither is', async () => {
    const alone = at('translations-alone');
    await train(midalignRecipe(alone.out, 'train.max_steps=2'), { cwd: alone.cwd });
    const lines = await metricsOf(alone.runDir);
    expect(lines.map((line) => [line.global_step, 'eval_mexa' in line, 'eval_loss' in line])).toEqual([
      [0, true, false],
      [1, false, false],
      [2, false, false],
      [2, true, false],
    ]);
    const none = at('no-measure');
    await train(midalignRecipe(none.out, 'train.max_steps=2', 'align.eval=null'), { cwd: none.cwd });
    expect((await metricsOf(none.runDir)).map(({ global_step }) => global_step)).toEqual([1, 2]);
  });

  it('keeps in a checkpoint how many updates each parameter has had, where they are fewer than steps', async () => {
    const turns = at('updates');
    await train(midalignRecipe(turns.out, 'align.layer=2', 'train.max_steps=3', 'checkpoint.every=1'), {
      cwd: turns.cwd,
    });
    const state = async (runDir: string, step: number) =>
      JSON.parse(
        await readFile(join(runDir, `checkpoints/step-00000${step}/trainer/state.json`), 'utf8'),
      ) as { updates?: Record<string, number>; loss: number };
    const { updates } = await state(turns.runDir, 3);
    // Two steps of likelihood and one of alignment, which ends after blocks 0 and 1.
    expect(Object.values(updates!).every((count) => count === 2)).toBe(true);
    const above = Object.keys(updates!);
    expect(above).toContain('norm.weight');
    expect(new Set(above.map((name) => /^layers\.(\d)\./.exec(name)?.[1]))).toEqual(
      new Set(['2', '3', undefined]),
    );
    // The latest likelihood, though the step before was another.
    const lines = (await metricsOf(turns.runDir)).filter((line) => 'loss' in line);
    expect((await state(turns.runDir, 3)).loss).toBe(lines.at(-1)!.loss);

    const both = at('updates-both');
    const shape = ['align.alternate=micro_batch', 'train.max_steps=2'];
    await train(midalignRecipe(both.out, ...shape), { cwd: both.cwd });
    expect(await state(both.runDir, 2)).not.toHaveProperty('updates');
  });

  it('aligns the same, to rounding, with activation checkpointing', async () => {
    const losses = async (name: string, ...shape: string[]) => {
      const { cwd, runDir, out } = at(name);
      await train(
        midalignRecipe(
          out,
          'train.max_steps=4',
          'backend.storage=float32',
          'align.detach_english=true',
          ...shape,
        ),
        { cwd },
      );
      return (await metricsOf(runDir)).flatMap(({ loss, align_loss }) => loss ?? align_loss ?? []);
    };
    const plain = await losses('plain');
    expect(plain).toHaveLength(4);
    expect(await losses('recomputed', 'train.activation_checkpointing=true')).toEqual(
      plain.map((loss) => expect.closeTo(loss, 4)),
    );
  });
});

describe('a resumption of MIDALIGN', () => {
  it('may change the size of micro-batches and where translations lie, and says so', async () => {
    const { cwd, runDir, out } = at('moved');
    const rows = ['one', 'two', 'three'].flatMap((word, i) =>
      ['en', 'es'].map((lang) => JSON.stringify({ id: `${i}`, lang, text: `${word} ${lang}` })),
    );
    const before = join(folder.path, 'before.jsonl');
    const after = join(folder.path, 'after.jsonl');
    await writeFile(before, `${rows.join('\n')}\n`);
    const shape = [
      'align.train.split=null',
      'align.languages=[es]',
      'align.batch_size=3',
      'train.max_steps=2',
    ];
    await train(midalignRecipe(out, ...shape, `align.train.path=${before}`), { cwd });
    await cp(before, after);
    await rm(before);
    const sink = recorder();
    const changed = [`align.train.path=${after}`, 'align.micro_batch_size=2', 'train.max_steps=4'];
    expect((await resumeRun(runDir, changed, { cwd, progress: sink })).steps).toBe(4);
    const told = sink.heard.filter(([event]) => event === 'message').map(([, text]) => text);
    expect(told).toContain('align.micro_batch_size: 6 -> 2');
    expect(told).toContain('results may differ in the last bits from those of the run left as it was');

    await writeFile(after, `${rows.join('\n').replace('three es', 'four es')}\n`);
    await expect(resumeRun(runDir, ['train.max_steps=6'], { cwd })).rejects.toThrow(
      'the training rows are not those that this run began with',
    );
  });

  it.each(['layer=1', 'temperature=0.5', 'alternate=micro_batch', 'pooling.normalize=none'])(
    'refuses to align otherwise: align.%s',
    async (change) => {
      const { cwd, runDir, out } = at(`refused-${change}`);
      await train(midalignRecipe(out, 'train.max_steps=2'), { cwd });
      await expect(resumeRun(runDir, [`align.${change}`, 'train.max_steps=4'], { cwd })).rejects.toThrow(
        new RegExp(`^align\\.${change.split('=')[0]} was .* and is now`),
      );
    },
  );
});

describe('MIDALIGN refuses', () => {
  /** Lines of the error; nothing may have been written. */
  async function refused(...overrides: string[]): Promise<string[]> {
    const { cwd, runDir, out } = at('refused');
    let message = '';
    await train(midalignRecipe(out, ...overrides), { cwd }).catch((error) => {
      expect(error).toMatchObject({ exitCode: 2 });
      message = error.message;
    });
    await expect(stat(runDir)).rejects.toThrow('ENOENT');
    return message.split('\n');
  }

  it('a layer that the model does not have', async () => {
    expect(await refused('align.layer=5')).toEqual(['align.layer is 5, and the model has 4 blocks']);
  });

  it('a batch of more pairs than there are sentences', async () => {
    expect(await refused('align.batch_size=25')).toEqual([
      'builtin:toy: a batch of 25 pairs needs as many different sentences; there are 24',
    ]);
  });

  it('a single held-out sentence, which there is nothing to tell from', async () => {
    expect(await refused('align.eval.max_samples=1')).toEqual([
      'builtin:toy: has one sentence to hold out, and no other to tell it from; align.eval needs two or more',
    ]);
  });

  it('a language that is none, once though two files are asked for it', async () => {
    expect(await refused('align.languages=[es, sp]')).toEqual([
      expect.stringMatching(
        /^sp is no language's code; write ISO 639-1 \(es\), or as FLORES does \(spa_Latn\)/,
      ),
    ]);
  });

  it('a language that the data do not have, naming those that they have', async () => {
    const lines = await refused('align.languages=[es, fi]');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^builtin:toy: has no sentences in fi; found /);
  });

  it('rows and translations that are not there, all at once', async () => {
    expect(
      await refused('data.train.path=rows.jsonl', 'align.train.path=flores', 'align.eval.path=held.tsv'),
    ).toEqual([
      expect.stringMatching(/^rows\.jsonl: .*no such file/),
      expect.stringMatching(/^flores: there is no such file/),
      expect.stringMatching(/^held\.tsv: there is no such file/),
    ]);
  });

  it('problems of rows, of batches and of what is held out, all at once', async () => {
    expect(
      await refused('data.train.path=rows.jsonl', 'align.batch_size=25', 'align.eval.path=held.tsv'),
    ).toEqual([
      expect.stringMatching(/^rows\.jsonl: /),
      expect.stringMatching(/^held\.tsv: /),
      expect.stringMatching(/a batch of 25 pairs/),
    ]);
  });

  it('warns of held-out sentences that it is aligned on', async () => {
    const said: string[] = [];
    const made = midalignRecipe('align.eval={path: builtin:toy, split: dev, max_samples: 5}');
    (await readMidalign(made, '.')).encode(await findRecipeModel(made, { cwd: '.' }), (text) =>
      said.push(text),
    );
    expect(said).toContain(
      '5 of 5 sentences of align.eval are aligned in training, too; they measure nothing new',
    );
  });
});
