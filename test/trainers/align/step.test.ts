import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gradients, startBackend } from '../../../src/backend/index.ts';
import * as tf from '../../../src/backend/tfjs.ts';
import { encodeRows, toyRows } from '../../../src/data/index.ts';
import { encodeSentences, readParallel } from '../../../src/data/parallel/index.ts';
import { type PlainStatistics, poolStatistics } from '../../../src/losses/index.ts';
import { createGemma3, type Gemma3, presetConfig } from '../../../src/model/index.ts';
import { loadTokenizer } from '../../../src/model/tokenizer/index.ts';
import { poolSentences } from '../../../src/trainers/align/pooler.ts';
import { type AlignOptions, planAlign, type TokenPair } from '../../../src/trainers/align/step.ts';
import type { StepPlan } from '../../../src/trainers/method.ts';
import { planNll } from '../../../src/trainers/nll.ts';
import { createOptimizer } from '../../../src/trainers/optimizers/index.ts';
import { recipe } from '../tiny-run.ts';

const TINY = join(import.meta.dirname, '../../../data/tiny');
const LAYER = 2;
const PAIRS = 5;
const DIRECTIONS = ['xx_to_en', 'en_to_xx', 'symmetric'] as const;
const DETACHED = [false, true];
const NORMALIZE = ['none', 'center', 'standardize'] as const;
const EVERY = DIRECTIONS.flatMap((direction) =>
  DETACHED.flatMap((detachEnglish) =>
    NORMALIZE.map((normalize) => ({ direction, detachEnglish, normalize })),
  ),
);

interface Found {
  loss: number;
  /** Of used parameters. */
  gradients: Map<string, Float32Array>;
}

/** A tensor bit by bit. */
function bytesOf(tensor: tf.Tensor): Buffer {
  const { buffer, byteOffset, byteLength } = tensor.dataSync() as Float32Array;
  return Buffer.from(buffer.slice(byteOffset, byteOffset + byteLength));
}

const floatsOf = ({ buffer, byteOffset, byteLength }: Buffer) =>
  new Float32Array(buffer, byteOffset, byteLength / 4);

describe.each(['torch', 'wasm'] as const)('an alignment step on %s', (name) => {
  let model: Gemma3;
  let pairs: TokenPair[];
  let statistics: PlainStatistics;
  let tokenizer: Awaited<ReturnType<typeof loadTokenizer>>;

  beforeAll(async () => {
    await startBackend({ name, compute: 'float32' });
    model = createGemma3(presetConfig('tiny'), 1);
    // Away from the initial point, where many gradients are tiny.
    for (const parameter of model.parameters.values()) tf.tidy(() => parameter.assign(tf.mul(parameter, 4)));
    tokenizer = await loadTokenizer(TINY);
    const set = await readParallel('builtin:toy', { cwd: '.', split: 'dev' });
    const tokens = encodeSentences(set, tokenizer, 64);
    const others = set.languages.filter((language) => language !== 'en');
    pairs = Array.from({ length: PAIRS }, (_, i) => ({
      xx: tokens.ids(others[i % others.length]!, 9 * i),
      en: tokens.ids('en', 9 * i),
    }));
    statistics = poolStatistics(vectors(pairs.flatMap(({ xx, en }) => [xx, en])));
  });
  afterAll(() => model.dispose());

  const options = (changed: Partial<AlignOptions> = {}): AlignOptions => ({
    ...{ layer: LAYER, bos: true, weights: 'mean', temperature: 0.1, direction: 'xx_to_en' },
    ...{ detachEnglish: false, normalize: 'none', statistics, microBatchSize: PAIRS },
    ...changed,
  });

  function vectors(sentences: readonly Int32Array[], layer = LAYER): number[][] {
    return tf.tidy(() => poolSentences(model, sentences, { layer, bos: true, weights: 'mean' }).arraySync());
  }

  /** Loss and gradients of one optimizer step, as the loop adds them up. */
  function run(...plans: StepPlan[]): Found {
    const into = new Gradients(model.parameters);
    let loss = 0;
    for (const { prepare, micros } of plans) {
      prepare?.();
      for (const micro of micros) loss += into.accumulate(() => micro.loss());
    }
    const names = [...model.parameters.keys()].filter((key) => into.has(key));
    const gradients = new Map(names.map((key) => [key, (into.get(key).dataSync() as Float32Array).slice()]));
    into.dispose();
    return { loss, gradients };
  }

  const align = (changed?: Partial<AlignOptions>, of: readonly TokenPair[] = pairs, share?: number) =>
    run(planAlign(model, of, options(changed), share));

  function expectEqual(a: Found, b: Found): void {
    expect(Math.abs(a.loss - b.loss)).toBeLessThanOrEqual(1e-5);
    expect([...b.gradients.keys()]).toEqual([...a.gradients.keys()]);
    for (const [key, expected] of a.gradients)
      expect(worst(expected, b.gradients.get(key)!), key).toBeLessThanOrEqual(1e-5);
  }

  const worst = (a: Float32Array, b: Float32Array) =>
    a.reduce((max, x, i) => Math.max(max, Math.abs(x - b[i]!)), 0);
  const largest = (values: Float32Array) => values.reduce((max, x) => Math.max(max, Math.abs(x)), 0);

  it('has gradients worth comparing, in every block that runs', () => {
    const { loss, gradients } = align();
    expect(loss).toBeGreaterThan(0.1);
    for (const [key, values] of gradients) expect(largest(values), key).toBeGreaterThan(1e-3);
  });

  // Slower there, and the arithmetic after the kernels is the same.
  it.each(EVERY.filter(({ normalize }) => name === 'torch' || normalize === 'standardize'))(
    'is the same in micro-batches of 1, of 3 and whole: $direction, English detached $detachEnglish, $normalize',
    (how) => {
      const whole = align(how);
      expect(whole.loss).toBeGreaterThan(0.01);
      for (const microBatchSize of [1, 3]) expectEqual(whole, align({ ...how, microBatchSize }));
    },
  );

  it('is the same without <bos> and with weights by position, split and whole', () => {
    const how = { bos: false, weights: 'position' } as const;
    const whole = align(how);
    expectEqual(whole, align({ ...how, microBatchSize: 2 }));
    expect(Math.abs(whole.loss - align().loss)).toBeGreaterThan(1e-3);
  });

  it('does not see the order of the pairs', () => {
    const turned = [...pairs.slice(3), ...pairs.slice(0, 3)].reverse();
    for (const microBatchSize of [PAIRS, 3])
      expectEqual(
        align({ direction: 'symmetric' }),
        align({ direction: 'symmetric', microBatchSize }, turned),
      );
  });

  it('does not see what a sentence is packed with', () => {
    const sentences = pairs.flatMap(({ xx, en }) => [xx, en]);
    const together = vectors(sentences);
    const alone = sentences.map((sentence) => vectors([sentence])[0]!);
    const size = largest(Float32Array.from(together.flat()));
    for (const [i, vector] of together.entries())
      expect(worst(Float32Array.from(vector), Float32Array.from(alone[i]!)) / size).toBeLessThan(1e-6);
  });

  it('keeps English where it is when detached: same loss, other gradients, those of xx alone', () => {
    const [free, detached] = [align(), align({ detachEnglish: true })];
    expect(Math.abs(free.loss - detached.loss)).toBeLessThan(1e-5);
    // What comes through English is the rest: that of the same loss with the sides changed.
    const swapped = pairs.map(({ xx, en }) => ({ xx: en, en: xx }));
    const english = align({ detachEnglish: true, direction: 'en_to_xx' }, swapped);
    for (const [key, whole] of free.gradients) {
      const sum = detached.gradients.get(key)!.map((value, i) => value + english.gradients.get(key)![i]!);
      expect(worst(whole, sum), key).toBeLessThanOrEqual(1e-5);
      expect(largest(english.gradients.get(key)!), key).toBeGreaterThan(1e-4);
    }
  });

  it('uses no parameter above its block, nor the last norm', () => {
    const blocks = model.config.numHiddenLayers;
    for (const layer of [1, LAYER, blocks])
      for (const detachEnglish of DETACHED)
        for (const microBatchSize of [PAIRS, 3]) {
          const below = [...model.parameters.keys()].filter(
            (key) =>
              key.startsWith('embed_tokens.') || Number(/^layers\.(\d+)\./.exec(key)?.[1] ?? blocks) < layer,
          );
          expect(below.length).toBeLessThan(model.parameters.size);
          expect([...align({ layer, detachEnglish, microBatchSize }).gradients.keys()]).toEqual(below);
        }
  });

  it('gives its share of a step: loss and gradients times the share', () => {
    const whole = align();
    for (const microBatchSize of [PAIRS, 3]) {
      const half = align({ microBatchSize }, pairs, 0.5);
      const doubled = [...half.gradients].map(
        ([key, values]) => [key, values.map((value) => 2 * value)] as const,
      );
      expectEqual(whole, { loss: 2 * half.loss, gradients: new Map(doubled) });
    }
  });

  it('counts the tokens of its sentences once, however it is split', () => {
    const tokens = pairs.reduce((sum, { xx, en }) => sum + xx.length + en.length, 0);
    for (const microBatchSize of [1, 3, PAIRS])
      expect(planAlign(model, pairs, options({ microBatchSize })).numTokens).toBe(tokens);
  });

  it.each(['adamw', 'adafactor'])(
    'leaves what is above its block bit by bit as it was, with momentum of a step of likelihood before: %s',
    (optimizerName) => {
      const before = new Map([...model.parameters].map(([key, value]) => [key, bytesOf(value)]));
      const { optimizer: settings } = recipe(
        `train.optimizer.name=${optimizerName}`,
        'train.optimizer.weight_decay=0.1',
      ).train;
      const optimizer = createOptimizer(settings, model.parameters, 1);
      const gradients = new Gradients(model.parameters);
      const examples = encodeRows(toyRows(1).slice(0, 4), tokenizer, {
        maxSeqLen: 640,
        template: 'chat',
      }).examples;
      const update = (plan: StepPlan, step: number) => {
        gradients.zero();
        for (const micro of plan.micros) gradients.accumulate(() => micro.loss());
        optimizer.update(gradients, { lr: 1e-3, step, gradientScale: 1 });
        return new Map([...model.parameters].map(([key, value]) => [key, bytesOf(value)]));
      };
      try {
        const first = update(planNll(model, examples, 4), 1);
        const state = new Map([...optimizer.state].map(([key, value]) => [key, bytesOf(value)]));
        const second = update(planAlign(model, pairs, options()), 2);
        for (const key of model.parameters.keys()) {
          expect(first.get(key)!.equals(before.get(key)!), `${key} after likelihood`).toBe(false);
          const isAligned =
            key.startsWith('embed_tokens.') || Number(/^layers\.(\d+)\./.exec(key)?.[1] ?? 99) < LAYER;
          expect(second.get(key)!.equals(first.get(key)!), key).toBe(!isAligned);
          expect(optimizer.updates.get(key), key).toBe(isAligned ? 2 : 1);
          for (const [of, values] of state)
            if (!isAligned && of.endsWith(`.${key}`))
              expect(bytesOf(optimizer.state.get(of)!).equals(values), of).toBe(true);
        }
      } finally {
        gradients.dispose();
        for (const value of optimizer.state.values()) value.dispose();
        for (const [key, parameter] of model.parameters)
          tf.tidy(() => parameter.assign(tf.tensor(floatsOf(before.get(key)!), parameter.shape, 'float32')));
      }
    },
  );
});
