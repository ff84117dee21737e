/** Starts the torch backend for a test file: fp32, so that tolerances mean what they say on every CPU. */
import { startBackend } from '../../src/backend/index.ts';

export async function startTorch(): Promise<void> {
  await startBackend({ name: 'torch', compute: 'float32' });
}
