import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import { cachedProbe } from '../../src/backend/torch/probe.ts';
import { startTorch } from './torch.ts';

let folder: string;
const before = process.env.XDG_CACHE_HOME;

beforeAll(startTorch);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isogloss-probe-'));
  process.env.XDG_CACHE_HOME = folder;
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
});

describe('the start-up probe', () => {
  it('is measured once for a CPU, torch and number of threads', () => {
    const first = cachedProbe('1.2.3', 2);
    expect(cachedProbe('1.2.3', 2)).toEqual(first);
    cachedProbe('1.2.4', 2);
    const file = join(folder, 'isogloss', 'probe.json');
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')))).toHaveLength(2);
  });

  it('is measured again where the cache is damaged', () => {
    cachedProbe('1.2.3', 2);
    const file = join(folder, 'isogloss', 'probe.json');
    for (const damaged of ['{', '[]', '"x"', readFileSync(file, 'utf8').replace(/[\d.]+,/, '"fast",')]) {
      writeFileSync(file, damaged);
      expect(cachedProbe('1.2.3', 2).atenFloat32).toBeGreaterThan(0);
    }
  });

  it('gives way to what is asked for', async () => {
    expect((await startBackend({ name: 'torch', compute: 'float32', matmul: 'ATen' })).matmul).toBe('ATen');
    const info = await startBackend({ name: 'torch', compute: 'bfloat16', threads: 1 });
    expect([info.compute, info.threads]).toEqual(['bfloat16', 1]);
    await startTorch();
  });
});
