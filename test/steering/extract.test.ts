/** Vectors held to hidden states that transformers gave (test/parity/dump.py), subtracted by hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gemma3, loadGemma3 } from '../../src/model/index.ts';
import { meanDifference, type Reading, sumStates } from '../../src/steering/extract.ts';
import { startTorch } from '../backend/torch.ts';
import { floats, ints, loadFixtures, maxAbsDifference } from '../parity/fixture.ts';

const fixture = loadFixtures().find(({ name }) => name === '270m')!;
const { numTokens: T, lengths } = fixture;
const texts = lengths.map((length, row) => ints(fixture, 'tokens').slice(row * T, row * T + length));
const BUDGET = { tokenBudget: 1000 };

let model: Gemma3;
let [L, D] = [0, 0];
beforeAll(async () => {
  await startTorch();
  model = (await loadGemma3(fixture.dir, { embedScale: 'exact' })).model;
  [L, D] = [model.config.numHiddenLayers, model.config.hiddenSize];
});
afterAll(() => model.dispose());

/** What transformers has at the output of a block: the state of a token of a text. */
const theirs = (layer: number, text: number, token: number) =>
  floats(fixture, `hidden.${layer + 1}`).subarray((text * T + token) * D, (text * T + token + 1) * D);
const last = (text: number): Reading => ({
  ids: texts[text]!,
  from: lengths[text]! - 1,
  to: lengths[text]!,
});

describe('a mean difference', () => {
  it('of two texts is that of their states at all blocks, as transformers has them', async () => {
    const [plus, minus] = [
      await sumStates(model, [last(0)], BUDGET),
      await sumStates(model, [last(1)], BUDGET),
    ];
    const { vector_LD, hidden_L } = meanDifference(plus, minus);
    for (let layer = 0; layer < L; layer++) {
      const [a, b] = [theirs(layer, 0, lengths[0]! - 1), theirs(layer, 1, lengths[1]! - 1)];
      const expected = Float64Array.from(a, (value, d) => value - b[d]!);
      expect(maxAbsDifference(vector_LD.subarray(layer * D, (layer + 1) * D), expected)).toBeLessThan(1e-4);
      expect(hidden_L[layer]).toBeCloseTo(Math.hypot(...b), 3);
    }
  });

  it('over the mean of several tokens is that of their mean', async () => {
    const sums = await sumStates(model, [{ ids: texts[0]!, from: 1, to: 5 }], BUDGET);
    for (let layer = 0; layer < L; layer++) {
      const tokens = [1, 2, 3, 4].map((token) => theirs(layer, 0, token));
      const expected = Float64Array.from({ length: D }, (_, d) =>
        tokens.reduce((sum, h) => sum + h[d]! / 4, 0),
      );
      expect(maxAbsDifference(sums.states_LD.subarray(layer * D, (layer + 1) * D), expected)).toBeLessThan(
        1e-4,
      );
    }
  });

  it('is a matter of the texts, not of the packs they are read in', async () => {
    // Five texts that begin alike, and two that do not.
    const readings: Reading[] = [
      ...[9, 12, 14, 15, 21].map((length) => ({
        ids: texts[0]!.slice(0, length),
        from: length - 3,
        to: length,
      })),
      last(1),
      last(0),
    ];
    const whole = await sumStates(model, readings, { tokenBudget: 1e6 });
    expect(whole.count).toBe(7);
    for (const tokenBudget of [1, 30, 60]) {
      const sums = await sumStates(model, readings, { tokenBudget });
      expect(maxAbsDifference(sums.states_LD, whole.states_LD)).toBeLessThan(1e-4);
      expect(maxAbsDifference(sums.norms_L, whole.norms_L)).toBeLessThan(1e-4);
    }
  });

  it('is taken in float64: two hundred equal texts give the same mean as one', async () => {
    const [one, many] = [
      await sumStates(model, [last(0)], BUDGET),
      await sumStates(model, Array(200).fill(last(0)), { tokenBudget: 21 }),
    ];
    const zero = { states_LD: new Float64Array(L * D), norms_L: new Float64Array(L), count: 1 };
    expect(meanDifference(many, zero).vector_LD).toEqual(meanDifference(one, zero).vector_LD);
  });

  it('tells how far it is after each pass, and stops where that throws', async () => {
    const seen: number[] = [];
    const stopped = sumStates(model, [last(0), last(1), last(0)], {
      tokenBudget: 1,
      between: (done) => {
        seen.push(done);
        if (done === 2) throw new Error('stop');
      },
    });
    await expect(stopped).rejects.toThrow('stop');
    expect(seen).toEqual([1, 2]);
  });
});
