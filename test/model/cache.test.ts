/** The key/value cache: its room grows with what it holds, and what comes out does not depend on that. */
import { describe, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { createGemma3, type Gemma3, KeyValueCache, presetConfig } from '../../src/model/index.ts';

const CAPACITY = 2048;
const { numHiddenLayers, numKeyValueHeads, headDim } = presetConfig('tiny');
/** Keys and values of a token, in all layers. */
const BYTES_A_TOKEN = 2 * 4 * numHiddenLayers * numKeyValueHeads * headDim;

/** Last hidden states of two rows that are read in steps of so many tokens, the second row one short in each. */
function read(model: Gemma3, cache: KeyValueCache, steps: readonly number[]): Float32Array[] {
  return steps.map((T, n) =>
    tf.tidy(() => {
      const ids = Int32Array.from({ length: 2 * T }, (_, i) => 10 + ((i * 31 + n * 17) % 400));
      const real = Int32Array.from({ length: 2 * T }, (_, i) => (i === 2 * T - 1 && T > 1 ? 0 : 1));
      const { hidden_BTD } = model.forward({
        tokens_BT: tf.tensor2d(ids, [2, T], 'int32'),
        segments_BT: tf.tensor2d(real, [2, T], 'int32'),
        cache,
      });
      return hidden_BTD.dataSync().slice() as Float32Array;
    }),
  );
}

describe.each(['torch', 'wasm'] as const)('a key/value cache on %s', (name) => {
  it('gives bit by bit what one gives that had all its room at once', async () => {
    await startBackend({ name, compute: 'float32' });
    const model = createGemma3({ ...presetConfig('tiny'), initializerRange: 0.15 }, 7);
    const steps = [50, 1, 1, 13, 1, 80, 1, 1, 120, 1];
    const [growing, whole] = [0, 1].map(() => new KeyValueCache(model.config, 2, 300));
    whole!.reserve(300);
    expect(read(model, growing!, steps)).toEqual(read(model, whole!, steps));
    growing!.dispose();
    whole!.dispose();
    model.dispose();
  });

  it('holds no more than twice what was read, and never more than its capacity', async () => {
    await startBackend({ name, compute: 'float32' });
    const model = createGemma3(presetConfig('tiny'), 7);
    const before = tf.memory().numBytes;
    const held = () => (tf.memory().numBytes - before) / (2 * BYTES_A_TOKEN);
    const cache = new KeyValueCache(model.config, 2, CAPACITY);
    expect(held()).toBe(0);
    read(model, cache, [10]);
    expect(held()).toBe(64);
    read(model, cache, [54]);
    expect(held()).toBe(64);
    read(model, cache, [1]);
    expect(held()).toBe(128);
    read(model, cache, [400]);
    expect(held()).toBe(465);
    cache.dispose();
    expect(held()).toBe(0);
    const small = new KeyValueCache(model.config, 2, 40);
    read(model, small, [30]);
    expect(held()).toBe(40);
    expect(() => read(model, small, [11])).toThrow();
    small.dispose();
    model.dispose();
  });
});
