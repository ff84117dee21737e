/** A hub on this machine in place of the world's, with a cache of its own, for the tests of a file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { startHub, type TestHub } from './server.ts';

/** Serves what `files` gives to each test; `home` is what HF_HOME names. */
export function localHub(files: () => Map<string, Buffer>): { hub: TestHub; home: string } {
  const local = {} as { hub: TestHub; home: string };
  beforeEach(async () => {
    local.hub = await startHub(files());
    local.home = mkdtempSync(join(tmpdir(), 'isogloss-hub-'));
    const off = [
      'HF_TOKEN',
      'HUGGING_FACE_HUB_TOKEN',
      'HF_TOKEN_PATH',
      'HF_HUB_OFFLINE',
      'TRANSFORMERS_OFFLINE',
    ];
    for (const name of off) vi.stubEnv(name, '');
    const proxies = ['http_proxy', 'https_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]);
    for (const name of ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', ...proxies]) vi.stubEnv(name, undefined);
    vi.stubEnv('HF_HOME', local.home);
    vi.stubEnv('HF_ENDPOINT', local.hub.url);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await local.hub.close();
    rmSync(local.home, { recursive: true });
  });
  return local;
}
