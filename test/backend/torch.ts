/** Starts the torch backend for a test file: fp32, so that tolerances mean what they say on every CPU. */
import { type BackendInfo, startBackend } from '../../src/backend/index.ts';

export function startTorch(): Promise<BackendInfo> {
  return startBackend({ name: 'torch', compute: 'float32' });
}
