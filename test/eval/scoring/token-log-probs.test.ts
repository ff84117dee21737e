import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/backend/index.ts';
import * as tf from '../../../src/backend/tfjs.ts';
import { tokenLogProbs } from '../../../src/eval/scoring/token-log-probs.ts';

describe.each(['torch', 'wasm'] as const)('log-probabilities of tokens on %s', (name) => {
  beforeAll(() => startBackend({ name, compute: 'float32' }));
  afterEach(() => tf.disposeVariables());

  it('are those of log softmax over the whole vocabulary, for any number of tokens a row', () => {
    const [T, D, V] = [7, 16, 9001];
    const hidden_TD = tf.mul(tf.randomNormal([T, D], 0, 1, 'float32', 1), 2) as tf.Tensor2D;
    const embedding_VD = tf.randomNormal([V, D], 0, 1, 'float32', 2);
    const logp = tf.logSoftmax(tf.matMul(hidden_TD, embedding_VD, false, true), 1).arraySync() as number[][];
    const asked = [
      { row: 3, ids: [0, 9000, 4096, 17] },
      { row: 6, ids: [5] },
      { row: 0, ids: [1, 2] },
      { row: 3, ids: [8] },
    ];
    const found = tokenLogProbs(hidden_TD, embedding_VD, asked);
    for (const [r, { row, ids }] of asked.entries())
      for (const [k, id] of ids.entries())
        expect(Math.abs(found[r]!.logprobs[k]! - logp[row]![id]!)).toBeLessThan(2e-5);
    expect(tokenLogProbs(hidden_TD, embedding_VD, [])).toEqual([]);
  });

  it('say which token is the likeliest of all, if it is among those asked for', () => {
    // The logits of row 0 are 0 1 3 2, of row 1 0 -1 -3 -2.
    const hidden_TD = tf.tensor2d([[1], [-1]]);
    const embedding_VD = tf.tensor2d([[0], [1], [3], [2]]);
    const greedy = (row: number, ids: number[]) =>
      tokenLogProbs(hidden_TD, embedding_VD, [{ row, ids }])[0]!.greedy;
    expect(greedy(0, [3, 2, 0])).toBe(1);
    expect(greedy(0, [3, 1])).toBeUndefined();
    expect(greedy(1, [0])).toBe(0);
    expect(greedy(1, [2, 3])).toBeUndefined();
  });

  it('are no numbers where a weight is none', () => {
    const embedding_VD = tf.tensor2d([[0], [Number.NaN], [3]]);
    for (const ids of [[0], [1], [1, 2]]) {
      const [{ logprobs }] = tokenLogProbs(tf.ones([1, 1]), embedding_VD, [{ row: 0, ids }]) as [
        { logprobs: number[] },
      ];
      expect(logprobs).toEqual(ids.map(() => Number.NaN));
    }
  });
});
