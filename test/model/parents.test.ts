/** Continuations of one text in a row share its computation and get the hidden states that each has with it alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { packTree } from '../../src/data/index.ts';
import { createGemma3, type Gemma3, presetConfig } from '../../src/model/index.ts';

describe.each(['torch', 'wasm'] as const)('on %s', (name) => {
  let model: Gemma3;
  beforeAll(async () => {
    await startBackend({ name, compute: 'float32' });
    // A window that is shorter than what is shared, in the sliding layers.
    model = createGemma3({ ...presetConfig('tiny'), slidingWindow: 6 }, 1);
    for (const parameter of model.parameters.values()) tf.tidy(() => parameter.assign(tf.mul(parameter, 4)));
  });
  afterAll(() => model.dispose());

  const hidden = (batch: ReturnType<typeof packTree>): number[][] =>
    tf.tidy(() => {
      const row = (values: Int32Array) => tf.tensor2d(values, [1, values.length], 'int32');
      const { tokens_T, positions_T, segments_T, parents } = batch;
      return model
        .forward({
          ...{ tokens_BT: row(tokens_T), positions_BT: row(positions_T), segments_BT: row(segments_T) },
          parents,
        })
        .hidden_BTD.arraySync()[0]!;
    });
  const ids = (n: number, from: number) => Array.from({ length: n }, (_, i) => (from + 7 * i) % 500);

  it('the hidden states of whole texts, three levels deep, with windows that reach into what is shared', () => {
    const [a, b, c, d] = [ids(9, 3), ids(5, 100), ids(4, 200), ids(8, 300)];
    const shared = packTree([
      { ids: a },
      { ids: b, parent: 0 },
      { ids: c, parent: 1 },
      { ids: d, parent: 1 },
      { ids: c, parent: 0 },
    ]);
    const found = hidden(shared);
    for (const [piece, path] of [
      [2, [a, b, c]],
      [3, [a, b, d]],
      [4, [a, c]],
    ] as const) {
      const whole = hidden(packTree([{ ids: path.flat() }]));
      const own = path.at(-1)!.length;
      const start = shared.starts[piece]!;
      const worst = whole
        .slice(-own)
        .flatMap((row, i) => row.map((x, j) => Math.abs(x - found[start + i]![j]!)));
      expect(Math.max(...worst)).toBeLessThan(1e-4);
    }
  });

  it('needs positions, and takes no cache', () => {
    const tokens_BT = tf.tensor2d([[1, 2]], [1, 2], 'int32');
    expect(() => model.forward({ tokens_BT, parents: new Int32Array(2) })).toThrow('parents need positions');
  });
});
