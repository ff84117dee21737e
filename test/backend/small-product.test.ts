/** Products of a few rows, as in generation: a kernel of its own, that works in blocks of rows and columns. */
import { afterAll, describe, expect, it } from 'vitest';
import { linear, startBackend } from '../../src/backend/index.ts';
import { parameterOf } from '../../src/backend/parameters.ts';
import * as tf from '../../src/backend/tfjs.ts';

const [K, N] = [37, 203];

afterAll(async () => {
  await startBackend({ name: 'torch', compute: 'float32', storage: 'float32' });
});

describe.each(['float32', 'bfloat16'] as const)('with weights stored as %s', (storage) => {
  it('equals the sums of products, for any number of rows, and a row alone equals it among others', async () => {
    await startBackend({ name: 'torch', compute: 'float32', storage });
    const weight = parameterOf(tf.randomNormal([N, K], 0, 1, 'float32', 1), 'weight');
    const w = await weight.array();
    const x = tf.randomNormal([9, K], 0, 1, 'float32', 2) as tf.Tensor2D;
    const values = (await x.array()) as number[][];
    const rowsOf = (from: number, count: number) =>
      tf.tidy(
        () => linear(tf.slice(x, [from, 0], [count, K]) as tf.Tensor2D, weight).arraySync() as number[][],
      );
    for (let m = 1; m <= 9; m++) {
      const y = rowsOf(0, m);
      for (let r = 0; r < m; r++) {
        for (let n = 0; n < N; n++) {
          const expected = values[r]!.reduce((sum, a, k) => sum + a * (w as number[][])[n]![k]!, 0);
          expect(Math.abs(y[r]![n]! - expected)).toBeLessThan(1e-4);
        }
        // Up to 8 rows it is this kernel, whose sums have one order whatever the block.
        if (m <= 8) expect(y[r]).toEqual(rowsOf(r, 1)[0]);
      }
    }
    tf.dispose([x, weight]);
  });
});
