import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackendInfo, Gradients, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { openSafetensors } from '../../src/model/files/index.ts';
import type { Gemma3 } from '../../src/model/index.ts';
import type { CloRecipe } from '../../src/recipe/index.ts';
import { findRecipeModel, type ModelSource } from '../../src/runs/index.ts';
import { packPairs } from '../../src/trainers/clo/micro-batch.ts';
import { readClo } from '../../src/trainers/clo.ts';
import type { Method } from '../../src/trainers/method.ts';
import { silent } from '../../src/trainers/progress.ts';
import { resumeRun, train } from '../../src/trainers/run.ts';
import { temporaryFolder } from '../temporary.ts';
import { cloRecipe, digest, metricsOf, recorder } from './tiny-run.ts';

const folder = temporaryFolder();
let made = 0;

describe.each(['torch', 'wasm'] as const)('the steps of CLO on %s', (name) => {
  let backend: BackendInfo;
  let model: Gemma3;
  let source: ModelSource;
  beforeAll(async () => {
    backend = await startBackend({ name, compute: 'float32' });
    source = await findRecipeModel(cloRecipe(), { cwd: '.' });
    ({ model } = await source.load({}));
  });
  afterAll(() => model.dispose());

  async function methodOf(recipe: CloRecipe, said: string[] = []): Promise<Method> {
    const rows = (await readClo(recipe, '.')).encode(source, () => {});
    const runDir = join(folder.path, `steps-${made++}`);
    await mkdir(runDir);
    const begun = { model, backend, runDir, step: 0, modelSha256: '', stop: { signal: undefined } };
    const progress = { ...silent, message: (text: string) => void said.push(text) };
    return rows.begin({ ...begun, progress, firstModel: async () => model });
  }

  /** Loss, gradients and figures of one optimizer step. */
  function run(method: Method, step: number) {
    const into = new Gradients(model.parameters);
    const { micros, numTokens, figures } = method.plan(step);
    const loss = micros.reduce((sum, micro) => sum + into.accumulate(() => micro.loss()), 0);
    const gradients = new Map(
      [...model.parameters.keys()].map((key) => [key, (into.get(key).dataSync() as Float32Array).slice()]),
    );
    into.dispose();
    return { loss, gradients, numTokens, figures: figures!() };
  }

  /** Moves the weights, as training would: the policy is then no longer the reference. */
  const moved = <T>(work: () => T): T => {
    const kept = [...model.parameters.values()].map((parameter) => parameter.clone());
    for (const [i, parameter] of [...model.parameters.values()].entries())
      tf.tidy(() =>
        parameter.assign(tf.add(parameter, tf.randomNormal(parameter.shape, 0, 0.02, 'float32', i))),
      );
    const result = work();
    for (const [i, parameter] of [...model.parameters.values()].entries()) {
      parameter.assign(kept[i]!);
      kept[i]!.dispose();
    }
    return result;
  };

  it('begin where policy and reference are one: every z is 0 to the last bit, the preferences 2 ln 2', async () => {
    const { loss, figures } = run(await methodOf(cloRecipe()), 0);
    for (const key of ['chosen', 'rejected', 'margins', 'accuracies'])
      for (const suffix of ['', '/es', '/ko'])
        if (`rewards/${key}${suffix}` in figures) expect(figures[`rewards/${key}${suffix}`]).toBe(0);
    expect(figures.preference_loss).toBeCloseTo(2 * Math.LN2, 12);
    expect(loss).toBeCloseTo(0.5 * figures.nll! + 0.5 * 2 * Math.LN2, 4);
  });

  it('give the loss, gradients and figures of the batch, however it is split', async () => {
    const [whole, ...split] = await Promise.all(
      [4, 1, 3].map((size) => methodOf(cloRecipe(`train.micro_batch_size=${size}`))),
    );
    moved(() => {
      const expected = run(whole!, 2);
      expect(expected.figures['rewards/margins']).not.toBe(0);
      for (const method of split) {
        const found = run(method, 2);
        expect(Math.abs(found.loss - expected.loss)).toBeLessThanOrEqual(1e-5);
        expect(Object.keys(found.figures)).toEqual(Object.keys(expected.figures));
        // Of log-probs, which are of some hundred nats, so many digits.
        for (const [key, value] of Object.entries(expected.figures))
          expect(Math.abs(found.figures[key]! - value) / Math.max(1, Math.abs(value)), key).toBeLessThan(
            1e-5,
          );
        for (const [key, values] of expected.gradients) {
          const other = found.gradients.get(key)!;
          const worst = values.reduce((max, x, i) => Math.max(max, Math.abs(x - other[i]!)), 0);
          expect(worst, key).toBeLessThanOrEqual(1e-5);
        }
      }
    });
  });

  it('give the same in any order of the pairs, and with log-ratios a token', async () => {
    // All pairs in one step, which another seed puts into another order.
    const shape = ['train.batch_size=8', 'data.train.max_samples=4'];
    const methods = await Promise.all(
      [[], ['seed=7'], ['clo.normalize=tokens'], ['clo.normalize=tokens', 'seed=7']].map((more) =>
        methodOf(cloRecipe(...shape, 'train.micro_batch_size=3', ...more)),
      ),
    );
    moved(() => {
      const [sums, sums7, tokens, tokens7] = methods.map((method) => run(method, 1));
      for (const [one, other] of [
        [sums!, sums7!],
        [tokens!, tokens7!],
      ] as const) {
        expect(one.numTokens).toBe(other.numTokens);
        expect(Math.abs(one.loss - other.loss)).toBeLessThanOrEqual(1e-5);
        for (const [key, values] of one.gradients) {
          const worst = values.reduce(
            (max, x, i) => Math.max(max, Math.abs(x - other.gradients.get(key)![i]!)),
            0,
          );
          expect(worst, key).toBeLessThanOrEqual(1e-5);
        }
      }
      expect(tokens!.figures['rewards/margins']).toBeCloseTo(sums!.figures['rewards/margins']!, 6);
      // The preferences of single tokens are nearer to none.
      const distance = ({ figures }: ReturnType<typeof run>) =>
        Math.abs(figures.preference_loss! - 2 * Math.LN2);
      expect(distance(tokens!)).toBeLessThan(distance(sums!));
    });
  });

  it('log each language by itself; their means, weighted by pairs, are those of the whole', async () => {
    const method = await methodOf(cloRecipe('train.batch_size=8'));
    moved(() => {
      const { figures } = run(method, 1);
      // Of 8 pairs so many have each language: the logps tell.
      const mean = (key: string, es: number) =>
        (es * figures[`${key}/es`]! + (8 - es) * figures[`${key}/ko`]!) / 8;
      const es = [1, 2, 3, 4, 5, 6, 7].find(
        (n) => Math.abs(mean('logps/en_en', n) - figures['logps/en_en']!) < 1e-6,
      );
      expect(es).toBeDefined();
      for (const key of [
        'rewards/margins',
        'rewards/accuracies',
        'saturated',
        'preference_loss',
        'logps/xx_en',
      ])
        expect(mean(key, es!)).toBeCloseTo(figures[key]!, 6);
    });
  });

  it('take each prompt into a micro-batch once, and every target of all four sequences', async () => {
    const rows = (await readClo(cloRecipe(), '.')).encode(source, () => {});
    expect(rows.samples.length).toBe(rows.trainExamples);
    const recipe = cloRecipe();
    const text = await import('../../src/trainers/clo/data.ts');
    const { train: data } = text.encodeClo(await text.readCloText(recipe, '.'), recipe, source, () => {});
    const [pair] = data.examples;
    const batch = packPairs([pair!]);
    const four = [pair!.enEn, pair!.enXx, pair!.xxXx, pair!.xxEn];
    expect(batch.targets.labels_R.length).toBe(four.reduce((sum, { numTargets }) => sum + numTargets, 0));
    const all = four.reduce((sum, { ids }) => sum + ids.length, 0);
    const prompts = [pair!.enEn, pair!.xxXx].map(({ target }) => target.indexOf(1));
    expect(batch.numTokens).toBe(all - prompts[0]! - prompts[1]!);
    // What stands at the row before a target is what comes before it in its sequence.
    let at = 0;
    for (const { ids, target } of four) {
      for (const [i, isTarget] of target.entries()) {
        if (isTarget !== 1) continue;
        expect(batch.tokens_T[batch.targets.rows_R[at]!]).toBe(ids[i - 1]);
        expect(batch.targets.labels_R[at++]).toBe(ids[i]);
      }
    }
  });

  it('warn of saturation once', async () => {
    const said: string[] = [];
    const method = await methodOf(cloRecipe('clo.beta=1000'), said);
    moved(() => {
      run(method, 1);
      run(method, 2);
    });
    expect(said.filter((text) => text.includes('saturated'))).toHaveLength(1);
  });
});

describe('the first step of CLO has rewards of exactly 0', () => {
  it.each([
    ['in bfloat16', ['backend.compute=bfloat16', 'train.micro_batch_size=3']],
    ['stored as bfloat16', ['backend.storage=bfloat16', 'backend.compute=bfloat16']],
    ['recomputing layers', ['train.activation_checkpointing=true', 'backend.compute=float32']],
    ['with log-ratios a token', ['clo.normalize=tokens', 'backend.compute=float32']],
    ['training attention alone', ['train.parameters=attention', 'backend.compute=float32']],
    ['in one thread', ['backend.threads=1', 'train.batch_size=8', 'train.micro_batch_size=8']],
  ])('%s', async (_, overrides) => {
    const name = `first-${made++}`;
    await train(cloRecipe(`out=${name}`, 'train.max_steps=1', 'backend.name=torch', ...overrides), {
      cwd: folder.path,
    });
    const [first] = await metricsOf(join(folder.path, name));
    for (const key of ['chosen', 'rejected', 'margins', 'accuracies'])
      expect(first![`rewards/${key}`], key).toBe(0);
    expect(Math.abs(first!.preference_loss! - 2 * Math.LN2)).toBeLessThan(1e-12);
  });
});

describe('a run of CLO', () => {
  beforeAll(() => startBackend({ name: 'torch' }));
  const at = (name: string) => ({ cwd: folder.path, runDir: join(folder.path, name), out: `out=${name}` });
  const referenceOf = (runDir: string) => readFile(join(runDir, 'reference.jsonl'), 'utf8');

  it('logs margins, accuracies, saturation and likelihood, measures them held out, and resumes bit by bit', async () => {
    const held = ['data.eval_fraction=0.2', 'eval_every=3', 'train.max_steps=6'];
    const whole = at('whole');
    await train(cloRecipe(whole.out, ...held), { cwd: whole.cwd });
    const rows = await metricsOf(whole.runDir);
    const last = rows.filter((row) => 'learning_rate' in row).at(-1)!;
    for (const key of ['loss', 'rewards/margins', 'rewards/accuracies', 'saturated', 'nll', 'logps/xx_xx'])
      expect(last[key], key).toEqual(expect.any(Number));
    const evaluated = rows.filter((row) => 'eval_loss' in row);
    expect(evaluated.map((row) => row.global_step)).toEqual([0, 3, 6]);
    expect(evaluated[0]!['eval_rewards/margins']).toBe(0);
    expect(evaluated[0]!.eval_preference_loss).toBeCloseTo(2 * Math.LN2, 12);

    const constant = at('constant');
    await train(cloRecipe(constant.out, ...held, 'train.schedule={name: constant, warmup_ratio: 0}'), {
      cwd: constant.cwd,
    });
    const again = at('again');
    const steady = ['train.schedule={name: constant, warmup_ratio: 0}', 'train.max_steps=2'];
    await train(cloRecipe(again.out, ...held, ...steady), { cwd: again.cwd });
    const few = (await referenceOf(again.runDir)).split('\n').length;
    await resumeRun('again', ['train.max_steps=6'], { cwd: again.cwd });
    // More steps need more rows: computed then, with the model that the run began with.
    expect((await referenceOf(again.runDir)).split('\n').length).toBeGreaterThan(few);
    expect(await digest(again.runDir, 6)).toBe(await digest(constant.runDir, 6));
  });

  it('trains the products of attention alone where that is asked for, and keeps an optimizer for them only', async () => {
    const run = at('attention');
    const sink = recorder();
    await train(
      cloRecipe(run.out, 'train.parameters=attention', 'train.max_steps=2', 'train.schedule.warmup_ratio=0'),
      {
        cwd: run.cwd,
        progress: sink,
      },
    );
    const recipe = cloRecipe();
    const { model } = await (await findRecipeModel(recipe, { cwd: '.' })).load({});
    const trained = await openSafetensors(join(run.runDir, 'checkpoints/step-000002/model.safetensors'));
    const state = await openSafetensors(
      join(run.runDir, 'checkpoints/step-000002/trainer/optimizer.safetensors'),
    );
    for (const [name, parameter] of model.parameters) {
      const values = await trained.tensors.get(`model.${name}`)!.readFloat32();
      const isSame = Buffer.from(values.buffer).equals(
        Buffer.from((parameter.dataSync() as Float32Array).slice().buffer),
      );
      expect(isSame, name).toBe(!/self_attn\.[qkvo]_proj/.test(name));
      expect(state.tensors.has(`exp_avg.${name}`), name).toBe(!isSame);
    }
    await trained.close();
    await state.close();
    model.dispose();
  });

  it('that trains attention alone resumes bit by bit', async () => {
    const [whole, parts] = [at('attention-whole'), at('attention-parts')];
    const shape = ['train.parameters=attention', 'train.schedule={name: constant, warmup_ratio: 0}'];
    await train(cloRecipe(whole.out, ...shape, 'train.max_steps=4'), { cwd: whole.cwd });
    await train(cloRecipe(parts.out, ...shape, 'train.max_steps=2'), { cwd: parts.cwd });
    await resumeRun('attention-parts', ['train.max_steps=4'], { cwd: parts.cwd });
    expect(await digest(parts.runDir, 4)).toBe(await digest(whole.runDir, 4));
  });

  it('cuts or leaves out pairs that are too long, and says how many of each language', async () => {
    const limit = 'data.max_seq_len=60';
    const notes = async (overflow: string) => {
      const run = at(`overflow-${overflow}`);
      const sink = recorder();
      const recipe = cloRecipe(run.out, limit, `data.overflow=${overflow}`, 'train.max_steps=1');
      await train(recipe, { cwd: run.cwd, progress: sink });
      const start = sink.heard.find(([event]) => event === 'start')![1] as { trainExamples: number };
      return { said: sink.heard.map(([, text]) => String(text)), pairs: start.trainExamples };
    };
    const [cut, dropped] = [await notes('truncate'), await notes('drop')];
    expect(cut.said).toContainEqual(
      expect.stringMatching(/^training: rows that lose the end of a reply to 60 tokens: (es|ko) \d+/),
    );
    expect(dropped.said).toContainEqual(
      expect.stringMatching(/^training: rows that are left out, longer than 60 tokens: (es|ko) \d+/),
    );
    expect(dropped.pairs).toBeGreaterThan(4);
    expect(dropped.pairs).toBeLessThan(cut.pairs);
  });

  it('holds no prompt out in one language that it trains on in another', async () => {
    const recipe = cloRecipe('data.eval_fraction=0.3', 'data.train.max_samples=null');
    const { readCloText } = await import('../../src/trainers/clo/data.ts');
    const { train: kept, heldOut } = await readCloText(recipe, '.');
    const ids = new Set(kept.map(({ id }) => id));
    expect(heldOut.length).toBeGreaterThan(20);
    expect(heldOut.filter(({ id }) => ids.has(id))).toEqual([]);
  });
});
