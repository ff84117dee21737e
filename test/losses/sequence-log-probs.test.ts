import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { type SequenceLogProbs, type SequenceTargets, sequenceLogProbs } from '../../src/losses/index.ts';
import { expectClose, floats, ints, tensor, valueAndGradients } from './expected.ts';

const targets = (): SequenceTargets => ({
  rows_R: ints('clo.rows'),
  labels_R: ints('clo.labels'),
  sequences_R: ints('clo.sequences'),
  numSequences: 12,
});
const of = (given: SequenceTargets): SequenceLogProbs => {
  const [hidden, table] = [tensor<tf.Rank.R3>('clo.hidden'), tensor('clo.table')];
  try {
    return sequenceLogProbs(hidden, table, given);
  } finally {
    tf.dispose([hidden, table]);
  }
};

describe.each(['torch', 'wasm'] as const)('log p of sequences on %s', (name) => {
  beforeAll(async () => {
    await startBackend({ name, compute: 'float32' });
  });

  it('is the sum over the tokens of each, and says how many those are', () => {
    const { sums_S, counts_S } = of(targets());
    expectClose(sums_S, floats('clo.logps'));
    expect([...counts_S]).toEqual(
      Array.from({ length: 12 }, (_, s) => ints('clo.sequences').filter((x) => x === s).length),
    );
    expect(new Set(counts_S).size).toBeGreaterThan(2); // unequal lengths, or the counts would prove nothing
  });

  it('is the same twice bit for bit, and does not depend on the order of sequences', () => {
    const given = targets();
    // Sequences last to first; the tokens of each as they were.
    const order = Array.from(given.sequences_R.keys()).sort(
      (a, b) => given.sequences_R[b]! - given.sequences_R[a]! || a - b,
    );
    const turned = (x: Int32Array) => Int32Array.from(order, (i) => x[i]!);
    const moved = of({
      rows_R: turned(given.rows_R),
      labels_R: turned(given.labels_R),
      sequences_R: turned(given.sequences_R),
      numSequences: 12,
    });
    expectClose(moved.sums_S, of(given).sums_S, 1e-6);
    expect([...of(given).sums_S]).toEqual([...of(given).sums_S]);
  });

  it('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    of(targets());
    expect(tf.memory().numTensors).toBe(before);
  });

  it('takes no gradient while one is being taken', async () => {
    const given = { hidden: tensor('clo.hidden'), table: tensor('clo.table') };
    const { kernels } = await tf.profile(() => {
      valueAndGradients(given, ({ hidden, table }) => {
        const { sums_S } = sequenceLogProbs(hidden as tf.Tensor3D, table, targets());
        return tf.add(tf.mul(tf.sum(hidden), 0), sums_S[0]!);
      });
      return [];
    });
    const runs = kernels.filter(({ name }) => name === 'LinearCrossEntropy');
    // The sum, its terms and their margins; gradients would be a fourth and a fifth.
    expect(runs.map(({ outputShapes }) => outputShapes.length)).toEqual([3]);
  });

  it('refuses a sequence without a target, and targets of no sequence', () => {
    expect(() => of({ ...targets(), numSequences: 13 })).toThrow('sequence 12 has no target');
    expect(() => of({ ...targets(), numSequences: 11 })).toThrow('sequence 11 outside the 11 there are');
  });
});
