import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findTorch } from '../../src/backend/setup/index.ts';
import { inspectTorch } from '../../src/backend/setup/torch.ts';

const LIBRARY = process.platform === 'darwin' ? 'dylib' : 'so';

/** A folder that looks like torch. */
function fakeTorch(at: string, version: string, files: Record<string, string> = {}): string {
  const all: Record<string, string> = {
    'include/ATen/ATen.h': '',
    [`lib/libtorch_cpu.${LIBRARY}`]: '',
    'lib/libc10.so': 'xx SourceLocationENSt7__cxx11 xx',
    'version.py': `from typing import Optional\n__version__ = '${version}'\n`,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), text);
  }
  return at;
}

const newDir = () => mkdtempSync(join(tmpdir(), 'isogloss-torch-'));

afterEach(() => vi.unstubAllEnvs());

describe('a torch', () => {
  it('is taken with its version, ABI and CUDA libraries', () => {
    const dir = fakeTorch(newDir(), '2.13.0+cpu');
    expect(inspectTorch(dir)).toMatchObject({ version: '2.13.0+cpu', abi: 1, cuda: false });
    const old = fakeTorch(newDir(), '2.6.0', {
      'lib/libc10.so': 'SourceLocationESs',
      'lib/libtorch_cuda.so': '',
    });
    expect(inspectTorch(old)).toMatchObject({ version: '2.6.0', abi: 0, cuda: true });
  });

  it('is refused without headers, without libraries, and when too old', () => {
    expect(inspectTorch(newDir())).toBe('it has no include/ATen/ATen.h');
    const bare = newDir();
    mkdirSync(join(bare, 'include/ATen'), { recursive: true });
    writeFileSync(join(bare, 'include/ATen/ATen.h'), '');
    expect(inspectTorch(bare)).toBe(`it has no lib/libtorch_cpu.${LIBRARY}`);
    expect(inspectTorch(fakeTorch(newDir(), '2.5.1'))).toBe('torch 2.5.1 is older than 2.6');
    expect(inspectTorch(fakeTorch(newDir(), '1.13.1'))).toBe('torch 1.13.1 is older than 2.6');
  });

  it('is searched in TORCH_DIR first, where a bad one is an error, then in the active environment', () => {
    const asked = fakeTorch(newDir(), '2.7.0');
    const venv = newDir();
    const active = fakeTorch(join(venv, 'lib/python3.12/site-packages/torch'), '2.8.0');
    vi.stubEnv('VIRTUAL_ENV', venv);
    vi.stubEnv('TORCH_DIR', asked);
    expect(findTorch()?.dir).toBe(asked);
    vi.stubEnv('TORCH_DIR', '');
    expect(findTorch()?.dir).toBe(active);
    vi.stubEnv('TORCH_DIR', '/nowhere');
    expect(() => findTorch()).toThrow('TORCH_DIR=/nowhere: it has no include/ATen/ATen.h');
  });
});
