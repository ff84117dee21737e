import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gradients, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { chunk, collate, type Dataset, encodeRows, toyRows } from '../../src/data/index.ts';
import { createGemma3, type Gemma3, presetConfig } from '../../src/model/index.ts';
import { loadTokenizer } from '../../src/model/tokenizer/index.ts';
import type { Micro } from '../../src/trainers/method.ts';
import { nllMeasure, nllMicro, planNll } from '../../src/trainers/nll.ts';

const TINY = join(import.meta.dirname, '../../data/tiny');

describe.each(['torch', 'wasm'] as const)('MIST on %s', (name) => {
  let model: Gemma3;
  let data: Dataset;
  /** One micro-batch of all eight rows. */
  let whole: ReturnType<typeof run>;
  beforeAll(async () => {
    await startBackend({ name, compute: 'float32' });
    model = createGemma3(presetConfig('tiny'), 1);
    // Away from the initial point, where many gradients are tiny.
    for (const parameter of model.parameters.values()) tf.tidy(() => parameter.assign(tf.mul(parameter, 4)));
    data = encodeRows(toyRows(1).slice(0, 8), await loadTokenizer(TINY), {
      maxSeqLen: 640,
      template: 'chat',
    });
    whole = run(planNll(model, data.examples, 8).micros);
  });
  afterAll(() => model.dispose());

  /** Loss and gradients of one optimizer step over the eight rows, split as given. */
  function run(micros: readonly Micro[]): { loss: number; gradients: Map<string, Float32Array> } {
    const into = new Gradients(model.parameters);
    let total = 0;
    for (const micro of micros) total += into.accumulate(() => micro.loss());
    const gradients = new Map(
      [...model.parameters.keys()].map((key) => [key, into.get(key).dataSync() as Float32Array]),
    );
    into.dispose();
    return { loss: total, gradients };
  }

  function expectEqual(a: ReturnType<typeof run>, b: ReturnType<typeof run>): void {
    expect(Math.abs(a.loss - b.loss)).toBeLessThanOrEqual(1e-5);
    for (const [key, expected] of a.gradients) {
      const found = b.gradients.get(key)!;
      const worst = expected.reduce((max, x, i) => Math.max(max, Math.abs(x - found[i]!)), 0);
      expect(worst, key).toBeLessThanOrEqual(1e-5);
    }
  }

  it('has gradients worth comparing', () => {
    const { loss, gradients } = whole;
    expect(loss).toBeGreaterThan(1);
    for (const [key, values] of gradients) {
      expect(
        values.reduce((max, x) => Math.max(max, Math.abs(x)), 0),
        key,
      ).toBeGreaterThan(1e-3);
    }
  });

  it.each([1, 3, 4])(
    'gives the loss and gradients of one micro-batch of 8 in micro-batches of %i',
    (size) => {
      expectEqual(whole, run(planNll(model, data.examples, size).micros));
    },
  );

  it('does not see padding', () => {
    const weight = 1 / data.numTargets;
    const batches = chunk(data.examples, 2).map((group) => collate(group, 64, 7));
    expect(batches[0]!.tokens_T.length).toBeGreaterThan(batches[0]!.numTokens);
    const padded = batches.map((batch) => nllMicro(model, batch, weight));
    expectEqual(whole, run(padded));
  });

  it('keeps packed rows apart: their summed losses are those of each alone', () => {
    const measure = (size: number) => {
      const made = nllMeasure(model, data.examples, size);
      for (const piece of made.pieces()) piece();
      return made.figures();
    };
    const [together, alone] = [measure(8), measure(1)];
    for (const [key, value] of Object.entries(together))
      expect(Math.abs(value - alone[key]!) / value, key).toBeLessThan(1e-5);
  });

  it('measures held-out rows by language, too: their mean, each target counting once, is the whole', () => {
    const made = nllMeasure(model, data.examples, 8);
    for (const piece of made.pieces()) piece();
    const figures = made.figures();
    const languages = [...new Set(data.examples.map(({ lang }) => lang!))].sort();
    expect(languages.length).toBeGreaterThan(2);
    expect(Object.keys(figures)).toEqual([
      'eval_loss',
      ...languages.map((lang) => `eval_loss/${lang}`),
      'eval_num_tokens',
    ]);
    const targets = (lang: string) =>
      data.examples.filter((row) => row.lang === lang).reduce((sum, { numTargets }) => sum + numTargets, 0);
    const sum = languages.reduce((all, lang) => all + figures[`eval_loss/${lang}`]! * targets(lang), 0);
    expect(sum / data.numTargets).toBeCloseTo(figures.eval_loss!, 5);
  });
});
