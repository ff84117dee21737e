/** The allocator: exact bytes, and an error that a user can act on when there are no more. */
import { afterEach, beforeAll, expect, it } from 'vitest';
import { memoryInfo, resetPeakMemory, startBackend, zeroState } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { addon } from '../../src/backend/torch/index.ts';

beforeAll(() => startBackend({ name: 'torch', compute: 'float32' }));
afterEach(() => {
  addon().memoryLimit(0);
  tf.disposeVariables();
});

it('counts exactly what tensors hold, and the peak of it', () => {
  const before = memoryInfo().bytes;
  resetPeakMemory();
  const x = tf.zeros([1000, 1000]);
  const y = tf.add(x, 1);
  expect(memoryInfo().bytes - before).toBe(8_000_000);
  tf.dispose([x, y]);
  expect(memoryInfo().bytes).toBe(before);
  expect(memoryInfo().peakBytes - before).toBeGreaterThanOrEqual(8_000_000);
  expect(memoryInfo().peakBytes - before).toBeLessThan(8_001_000);
  expect((tf.memory() as unknown as { bytesInUse: number }).bytesInUse).toBe(before);
});

it('says of an allocation past the limit how much is in use and what holds most of it', () => {
  zeroState([500, 1000], 'exp_avg of embed_tokens.weight');
  addon().memoryLimit(memoryInfo().bytes + 1_000_000);
  expect(() => tf.zeros([1000, 1000])).toThrow(
    /^out of memory: 4 MB more would pass the limit of .* are in use\. The largest: .*exp_avg of embed_tokens\.weight \[500, 1000\] float32, 2 MB/,
  );
  // The engine goes on: what fits is still to be had.
  expect(tf.sum(tf.ones([100])).dataSync()[0]).toBe(100);
});
