import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gradients, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { chunk, collate, type Dataset, encodeRows, toyRows } from '../../src/data/index.ts';
import { createGemma3, type Gemma3, presetConfig } from '../../src/model/index.ts';
import { loadTokenizer } from '../../src/model/tokenizer/index.ts';
import { mistMethod, type NllMicro, planNll } from '../../src/trainers/mist.ts';

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
    whole = run(planNll(data.examples, 8).micros);
  });
  afterAll(() => model.dispose());

  /** Loss and gradients of one optimizer step over the eight rows, split as given. */
  function run(micros: readonly NllMicro[]): { loss: number; gradients: Map<string, Float32Array> } {
    const { loss } = mistMethod(model, data, undefined, { seed: 1, batchSize: 8, microBatchSize: 8 });
    const into = new Gradients(model.parameters);
    let total = 0;
    for (const micro of micros) total += into.accumulate(() => loss(micro));
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
      expectEqual(whole, run(planNll(data.examples, size).micros));
    },
  );

  it('does not see padding', () => {
    const plain = planNll(data.examples, 8).micros;
    const padded = chunk(data.examples, 2).map((group) => ({
      ...collate(group, 64, 7),
      targetWeight: plain[0]!.targetWeight,
    }));
    expect(padded[0]!.tokens_T.length).toBeGreaterThan(padded[0]!.numTokens);
    expectEqual(whole, run(padded));
  });

  it('keeps packed rows apart: their summed losses are those of each alone', () => {
    const { heldOut } = mistMethod(model, data, data, { seed: 1, batchSize: 8, microBatchSize: 8 });
    const together = [...heldOut!.micros()].map((micro) => heldOut!.measure(micro).sum)[0]!;
    const alone = data.examples.map(
      (example) => heldOut!.measure({ ...collate([example]), targetWeight: 1 }).sum,
    );
    expect(Math.abs(together - alone.reduce((a, b) => a + b)) / together).toBeLessThan(1e-5);
  });
});
