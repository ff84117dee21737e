import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findTorch } from '../../src/backend/setup/index.ts';
import { inspectTorch } from '../../src/backend/setup/torch.ts';

const LIBRARY = process.platform === 'darwin' ? 'dylib' : 'so';

/** What the head of a 64-bit ELF file of so many bytes says: nothing but a table of sections at its end. */
function elf(bytes: number, text = ''): string {
  const head = Buffer.alloc(bytes);
  head.writeUInt32BE(0x7f454c46, 0);
  head.writeBigUInt64LE(BigInt(bytes - 64), 40);
  head.writeUInt16LE(64, 58);
  head.writeUInt16LE(1, 60);
  head.write(text, 64);
  return head.toString('latin1');
}

/** A folder that looks like torch. */
function fakeTorch(at: string, version: string, files: Record<string, string> = {}): string {
  const all: Record<string, string> = {
    'include/ATen/ATen.h': '',
    [`lib/libtorch_cpu.${LIBRARY}`]: elf(300),
    'lib/libc10.so': elf(300, 'xx SourceLocationENSt7__cxx11 xx'),
    'version.py': `from typing import Optional\n__version__ = '${version}'\n`,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), text, 'latin1');
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
      'lib/libc10.so': elf(300, 'SourceLocationESs'),
      'lib/libtorch_cuda.so': elf(200),
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

  it.runIf(process.platform === 'linux')(
    'is refused when a library is cut off, however it came there',
    () => {
      const dir = fakeTorch(newDir(), '2.13.0');
      const library = join(dir, 'lib/libtorch_cpu.so');
      truncateSync(library, 299);
      expect(inspectTorch(dir)).toBe('it is not whole: its lib/libtorch_cpu.so is cut off: 299 of 300 bytes');
      truncateSync(library, 0);
      expect(inspectTorch(dir)).toBe('it is not whole: its lib/libtorch_cpu.so is no library (0 bytes)');
      writeFileSync(library, Buffer.alloc(300)); // the machine went off before the disk had it
      expect(inspectTorch(dir)).toBe('it is not whole: its lib/libtorch_cpu.so is no library (300 bytes)');
      writeFileSync(library, elf(300), 'latin1');
      expect(inspectTorch(dir)).toMatchObject({ version: '2.13.0' });
    },
  );

  it("is held against pip's list of it where there is one", () => {
    const dir = fakeTorch(join(newDir(), 'torch'), '2.13.0', {
      'include/c10/core/Device.h': 'class Device;',
    });
    const info = join(dirname(dir), 'torch-2.13.0.dist-info');
    mkdirSync(info);
    const list = (...lines: string[]) => writeFileSync(join(info, 'RECORD'), lines.join('\r\n'));
    const needed = ['torch/include/c10/core/Device.h,sha256=a,13', 'torch/lib/libc10.so,sha256=a,300'];
    list(...needed, 'torch/nn/__init__.py,sha256=a,100', 'torch/__pycache__/a.pyc,,');
    expect(inspectTorch(dir)).toMatchObject({ version: '2.13.0' });
    list(...needed, 'torch/include/c10/core/Layout.h,sha256=a,100');
    expect(inspectTorch(dir)).toBe('it is not whole: its include/c10/core/Layout.h is missing');
    list(...needed, 'torch/lib/libtorch_cuda.so,sha256=a,100');
    expect(inspectTorch(dir)).toBe('it is not whole: its lib/libtorch_cuda.so is missing');
    list('torch/include/c10/core/Device.h,sha256=a,14');
    expect(inspectTorch(dir)).toBe(
      'it is not whole: its include/c10/core/Device.h is cut off: 13 of 14 bytes',
    );
  });

  it.runIf(process.platform === 'linux')('may have been stripped after pip installed it', () => {
    const dir = fakeTorch(join(newDir(), 'torch'), '2.13.0');
    mkdirSync(join(dirname(dir), 'torch-2.13.0.dist-info'));
    writeFileSync(
      join(dirname(dir), 'torch-2.13.0.dist-info/RECORD'),
      'torch/lib/libtorch_cpu.so,sha256=a,9000\n',
    );
    expect(inspectTorch(dir)).toMatchObject({ version: '2.13.0' });
  });

  it('that is passed over is named with the reason', () => {
    const venv = newDir();
    fakeTorch(join(venv, 'lib/python3.12/site-packages/torch'), '2.1.0');
    vi.stubEnv('VIRTUAL_ENV', venv);
    vi.stubEnv('TORCH_DIR', '');
    const seen: string[] = [];
    findTorch((dir, reason) => seen.push(`${dir.slice(venv.length)}: ${reason}`));
    expect(seen).toContain('/lib/python3.12/site-packages/torch: torch 2.1.0 is older than 2.6');
  });
});
