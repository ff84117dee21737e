import { beforeAll, describe, expect, it } from 'vitest';
import { accumulateGradients, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { nll } from '../../src/losses/index.ts';

/** -log softmax(h E^T)[label] for one row, in float64. */
function reference(h: number[], table: number[][], label: number): number {
  const logits = table.map((row) => row.reduce((sum, x, i) => sum + x * h[i]!, 0));
  const max = Math.max(...logits);
  return max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0)) - logits[label]!;
}

const hidden = [
  [0.5, -1, 2],
  [1, 1, -0.5],
  [-2, 0.25, 0.75],
  [0.1, 0.2, 0.3],
];
const table = [
  [1, 0, -1],
  [0.5, 2, 1],
  [-1, -1, 0.5],
  [0, 3, -2],
  [2, 2, 2],
];

describe.each(['torch', 'wasm'] as const)('nll on %s', (name) => {
  beforeAll(async () => {
    await startBackend({ name, compute: 'float32' });
  });

  it('is the weighted sum over the rows chosen, in whatever row of the batch they are', () => {
    // Rows 0, 3 and 2 of [2, 2] tokens, out of order and with weights of their own.
    const chosen = [0, 3, 2];
    const labels = [1, 4, 0];
    const weights = [0.5, 2, 1];
    const value = tf.tidy(
      () =>
        nll(tf.tensor3d([hidden.slice(0, 2), hidden.slice(2)]), tf.tensor2d(table), {
          rows_R: tf.tensor1d(chosen, 'int32'),
          labels_R: tf.tensor1d(labels, 'int32'),
          weights_R: tf.tensor1d(weights),
        }).dataSync()[0]!,
    );
    const expected = chosen.reduce(
      (sum, row, i) => sum + weights[i]! * reference(hidden[row]!, table, labels[i]!),
      0,
    );
    expect(value).toBeCloseTo(expected, 5);
  });

  it('refuses a label that the table has no row for', () => {
    for (const label of [5, -1]) {
      const targets = () => ({
        rows_R: tf.tensor1d([1], 'int32'),
        labels_R: tf.tensor1d([label], 'int32'),
        weights_R: tf.tensor1d([1]),
      });
      expect(() => tf.tidy(() => nll(tf.tensor3d([hidden]), tf.tensor2d(table), targets()))).toThrow();
    }
  });

  it('gives the gradient of finite differences, to hidden states and table; none to rows without a target', () => {
    const parameters = new Map<string, tf.Variable>([
      ['h', tf.variable<tf.Rank>(tf.tensor3d([hidden]))],
      ['table', tf.variable<tf.Rank>(tf.tensor2d(table))],
    ]);
    const into = new Map([...parameters].map(([key, p]) => [key, tf.variable(tf.zeros(p.shape))]));
    const targets = [
      [0, 1],
      [2, 4],
    ] as const;
    accumulateGradients(
      () =>
        nll(parameters.get('h') as unknown as tf.Tensor3D, parameters.get('table')!, {
          rows_R: tf.tensor1d(
            targets.map(([row]) => row),
            'int32',
          ),
          labels_R: tf.tensor1d(
            targets.map(([, label]) => label),
            'int32',
          ),
          weights_R: tf.tensor1d([0.5, 0.5]),
        }),
      parameters,
      into,
    );
    const loss = (h: number[][], e: number[][]) =>
      targets.reduce((sum, [row, label]) => sum + 0.5 * reference(h[row]!, e, label), 0);
    const bump = (m: number[][], i: number, j: number, by: number) =>
      m.map((row, r) => row.map((x, c) => (r === i && c === j ? x + by : x)));
    const step = 1e-4;
    const difference = (f: (by: number) => number) => (f(step) - f(-step)) / (2 * step);
    const dh = into.get('h')!.dataSync();
    const de = into.get('table')!.dataSync();
    for (const [i, row] of hidden.entries()) {
      for (const j of row.keys()) {
        expect(dh[i * 3 + j]).toBeCloseTo(
          difference((by) => loss(bump(hidden, i, j, by), table)),
          4,
        );
      }
    }
    for (const [i, row] of table.entries()) {
      for (const j of row.keys()) {
        expect(de[i * 3 + j]).toBeCloseTo(
          difference((by) => loss(hidden, bump(table, i, j, by))),
          4,
        );
      }
    }
    expect([...dh.slice(3, 6), ...dh.slice(9)]).toEqual([0, 0, 0, 0, 0, 0]);
    tf.dispose([...parameters.values(), ...into.values()]);
  });
});
