import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import type * as tf from '../../src/backend/tfjs.ts';
import {
  type CloOptions,
  type CloPair,
  clo,
  cloValues,
  type SequenceTargets,
} from '../../src/losses/index.ts';
import { expectClose, floats, ints, settings, tensor, valueAndGradients } from './expected.ts';

const PAIRS = 3;
const CASES = ['plain', 'tokens', 'gentle'] as const;
let cases: Record<string, CloOptions>;
let trl: string;

/** The targets of some of the fixture's pairs, one after the other. */
function targetsOf(pairs: readonly number[]): SequenceTargets {
  const [rows, labels, sequences] = [ints('clo.rows'), ints('clo.labels'), ints('clo.sequences')];
  const kept = Array.from(sequences.keys()).filter((r) => pairs.includes(Math.floor(sequences[r]! / 4)));
  return {
    rows_R: Int32Array.from(kept, (r) => rows[r]!),
    labels_R: Int32Array.from(kept, (r) => labels[r]!),
    sequences_R: Int32Array.from(
      kept,
      (r) => 4 * pairs.indexOf(Math.floor(sequences[r]! / 4)) + (sequences[r]! % 4),
    ),
    numSequences: 4 * pairs.length,
  };
}
const referenceOf = (pairs: readonly number[]) =>
  pairs.flatMap((p) => [...floats('clo.reference').subarray(4 * p, 4 * p + 4)]);
const batch = () => ({
  numPairs: PAIRS,
  numTargets: ints('clo.sequences').filter((s) => s % 4 === 2).length,
});
const given = () => ({ hidden: tensor('clo.hidden'), table: tensor('clo.table') });

/** Loss, gradients and metrics of micro-batches of these pairs, added up. */
function run(micros: ReadonlyArray<readonly number[]>, options: CloOptions, reference = referenceOf) {
  const pairs: CloPair[] = [];
  const { hidden, table } = given();
  const total = { loss: 0, dhidden: new Float64Array(hidden.size), dtable: new Float64Array(table.size) };
  for (const micro of micros) {
    const { value, gradients } = valueAndGradients({ hidden, table }, (i) => {
      const result = clo(
        i.hidden as tf.Tensor3D,
        i.table,
        targetsOf(micro),
        reference(micro),
        batch(),
        options,
      );
      pairs.push(...result.pairs);
      return result.loss;
    });
    total.loss += value;
    for (const [i, g] of gradients.hidden.entries()) total.dhidden[i]! += g;
    for (const [i, g] of gradients.table.entries()) total.dtable[i]! += g;
  }
  return { ...total, pairs };
}

describe.each(['torch', 'wasm'] as const)('CLO on %s', (name) => {
  beforeAll(async () => {
    await startBackend({ name, compute: 'float32' });
    ({ clo: cases, trl } = await settings());
  });

  it.each(CASES)('has the value and the gradients of PyTorch: %s', (key) => {
    const { loss, dhidden, dtable } = run([[0, 1, 2]], cases[key]!);
    expectClose([loss], floats(`clo.${key}.loss`));
    expectClose(dhidden, floats(`clo.${key}.dhidden`));
    expectClose(dtable, floats(`clo.${key}.dtable`));
  });

  it.each(CASES)("has TRL's sigmoid DPO loss as each of its terms: %s", (key) => {
    const { pairs } = run([[0, 1, 2]], cases[key]!);
    const terms = pairs.flatMap(({ en, xx }) => [en.loss, xx.loss]);
    const theirs = floats(`clo.${key}.trl`);
    expect(trl).toBe('1.16.0');
    expect(theirs).toHaveLength(2 * PAIRS);
    // Example by example; those that a float32 holds as 0 absolutely.
    for (const [i, term] of terms.entries())
      expect(Math.abs(term - theirs[i]!)).toBeLessThanOrEqual(1e-4 * Math.max(theirs[i]!, 1e-6));
  });

  it.each(['none', 'tokens'] as const)('has 2 log 2 beside the NLL at step 0: %s', (normalize) => {
    const { pairs: before } = run([[0, 1, 2]], cases.plain!);
    const own = (micro: readonly number[]) =>
      micro.flatMap((p) => {
        const { en_en, en_xx, xx_xx, xx_en } = before[p]!.logps;
        return [en_en, en_xx, xx_xx, xx_en];
      });
    const { loss, pairs } = run([[0, 1, 2]], { lambda: 0, beta: 1, normalize }, own);
    expect(loss).toBeCloseTo(2 * Math.LN2, 6);
    for (const { en, xx } of pairs) expect([en.z, xx.z]).toEqual([0, 0]);
  });

  it('is the mean NLL of (x_xx, y_xx) with lambda 1, and gives nothing to other sequences', () => {
    const { loss, dhidden, pairs } = run([[0, 1, 2]], { lambda: 1, beta: 1, normalize: 'none' });
    const sum = pairs.reduce((total, { nllSum }) => total + nllSum, 0);
    expect(pairs.reduce((total, { numTargets }) => total + numTargets, 0)).toBe(batch().numTargets);
    expect(loss).toBeCloseTo(sum / batch().numTargets, 5);
    const width = tensor('clo.hidden').shape[2]!;
    const touched = new Set(
      Array.from(dhidden.keys()).flatMap((i) => (dhidden[i] === 0 ? [] : Math.floor(i / width))),
    );
    const own = ints('clo.rows').filter((_, r) => ints('clo.sequences')[r]! % 4 === 2);
    expect([...touched].sort()).toEqual([...own].sort());
  });

  it('has the loss and the gradient of the whole, however the pairs are split and ordered', () => {
    for (const key of CASES) {
      const whole = run([[0, 1, 2]], cases[key]!);
      for (const micros of [[[0], [1], [2]], [[2, 0], [1]], [[2, 1, 0]]]) {
        const split = run(micros, cases[key]!);
        expectClose([split.loss], [whole.loss], 1e-5);
        expectClose(split.dhidden, whole.dhidden, 1e-5);
        expectClose(split.dtable, whole.dtable, 1e-5);
        for (const [i, p] of micros.flat().entries())
          expect(split.pairs[i]!.en.z).toBeCloseTo(whole.pairs[p]!.en.z, 3);
      }
    }
  });

  it('stays finite, with the gradient of -z, where |z| is beyond what e^z can be', () => {
    for (const sign of [1, -1]) {
      // References that put every z at sign * (about) 5000.
      const far = (micro: readonly number[]) =>
        micro.flatMap(() => [-5000, 0, -5000, 0].map((r) => sign * r));
      const { loss, dhidden, dtable, pairs } = run(
        [[0, 1, 2]],
        { lambda: 0, beta: 1, normalize: 'none' },
        far,
      );
      for (const pair of pairs) {
        expect(Math.abs(pair.en.z)).toBeGreaterThan(700);
        expect(pair).toMatchObject({ saturated: 1, en: { saturated: 1 }, xx: { saturated: 1 } });
      }
      expect([loss, ...dhidden, ...dtable].every(Number.isFinite)).toBe(true);
      if (sign === 1) expect([loss, ...dhidden].every((x) => x === 0)).toBe(true);
      else {
        expectClose([loss], [pairs.reduce((sum, { en, xx }) => sum - en.z - xx.z, 0) / PAIRS], 1e-6);
        expect(dhidden.some((g) => g !== 0)).toBe(true);
      }
    }
  });

  it('says of each pair what can be summed over the batch', () => {
    const { pairs } = run([[0, 1, 2]], { lambda: 0.5, beta: 0.1, normalize: 'none' });
    const [logps, reference] = [floats('clo.logps'), floats('clo.reference')];
    for (const [p, pair] of pairs.entries()) {
      const reward = (s: number) => 0.1 * (logps[4 * p + s]! - reference[4 * p + s]!);
      expect(pair.en.rewardChosen).toBeCloseTo(reward(0), 3);
      expect(pair.en.rewardRejected).toBeCloseTo(reward(1), 3);
      expect(pair.xx.rewardChosen).toBeCloseTo(reward(2), 3);
      expect(pair.xx.rewardRejected).toBeCloseTo(reward(3), 3);
      expect(pair.en.margin).toBeCloseTo(pair.en.z, 10);
      expect(Object.values(pair.logps)).toHaveLength(4);
      expect(pair.logps.xx_en).toBeCloseTo(logps[4 * p + 3]!, 4);
      expect(pair.nllSum).toBe(-pair.logps.xx_xx);
    }
  });
});

describe('the slopes of CLO', () => {
  it('are those of finite differences to the log p of every sequence', () => {
    const counts_S = Int32Array.from([3, 5, 2, 7, 1, 2, 3, 4]);
    const at = (sums: number[]) =>
      cloValues(
        { sums_S: Float64Array.from(sums), counts_S },
        [-3, -6, -2, -8, -1, -2, -4, -3],
        { numTargets: 9, numPairs: 3 },
        { lambda: 0.3, beta: 0.6, normalize: 'tokens' },
      );
    const sums = [-4, -5, -3, -7, -1.5, -2, -3, -5];
    const { slopes_S } = at(sums);
    for (const i of sums.keys()) {
      const moved = (by: number) => at(sums.map((x, j) => (j === i ? x + by : x))).loss;
      expect(slopes_S[i]).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 8);
    }
  });

  it('refuse sequences that are not 4 a pair, and references that are not one a sequence', () => {
    const policy = (n: number) => ({ sums_S: new Float64Array(n), counts_S: new Int32Array(n).fill(1) });
    const options: CloOptions = { lambda: 0.5, beta: 1, normalize: 'none' };
    const one = { numTargets: 1, numPairs: 1 };
    expect(() => cloValues(policy(6), new Float64Array(6), one, options)).toThrow(
      '6 sequences are not 4 a pair',
    );
    expect(() => cloValues(policy(4), new Float64Array(3), one, options)).toThrow(
      '3 reference log-probs for 4',
    );
  });
});
