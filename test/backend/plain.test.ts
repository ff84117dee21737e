import { describe, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import { meaningless, requirePlain, slowness } from '../../src/backend/plain.ts';
import * as tf from '../../src/backend/tfjs.ts';

async function warningsOf(options: Parameters<typeof startBackend>[0]): Promise<string[]> {
  const warnings: string[] = [];
  await startBackend(options, (text) => warnings.push(text));
  return warnings;
}

describe('wasm', () => {
  it('asked for by name needs no warning, and leaves TensorFlow.js its platform', async () => {
    expect(await warningsOf({ name: 'wasm', device: 'cpu', threads: 1, memoryLimit: null })).toEqual([]);
    expect(tf.env().platform).toBeDefined();
  });

  it('names the settings that have no effect on it', async () => {
    expect(await warningsOf({ name: 'wasm', threads: 4, memoryLimit: 2 })).toEqual([
      'backend.threads 4, backend.memory_limit 2: without effect, wasm has no such setting',
    ]);
    expect(meaningless('wasm', { matmul: 'ATen', transposes: false })).toMatch(
      /^backend\.matmul ATen, backend\.transposes false: /,
    );
    expect(meaningless('wasm', { matmul: 'auto', compute: 'auto' })).toBeUndefined();
  });

  it('refuses what only torch can do, and says what keeps torch away if nobody chose so', async () => {
    await expect(startBackend({ name: 'wasm', device: 'gpu' })).rejects.toThrow(
      /^backend\.device gpu needs the backend torch, not wasm$/,
    );
    expect(() => requirePlain('wasm', { storage: 'bfloat16', compute: 'bfloat16' }, 'it is gone')).toThrow(
      [
        'backend.storage bfloat16 needs the backend torch, not wasm: torch cannot be had (it is gone); `isogloss setup` gets it',
        'backend.compute bfloat16 needs the backend torch, not wasm: torch cannot be had (it is gone); `isogloss setup` gets it',
      ].join('\n'),
    );
  });

  it('is slower than torch, which is not slower than itself', () => {
    expect(slowness('wasm')).toBe('about 50 times slower than torch');
    expect(slowness('torch')).toBeUndefined();
  });
});
