/**
 * Set-ups that were killed, and the next one. Python, pip and torch are stand-ins that do what the real ones do to
 * files; the compiler and the linker are real.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Installed, installPackage, isogloss } from './installed.ts';

const canBuild = process.platform === 'linux' && spawnSync('g++', ['--version']).status === 0;

let made: Installed;
let wheel: string;
let work: string;
let venv: string;
let packages: string;
let env: NodeJS.ProcessEnv;

/** Makes what pip would unpack: torch with libraries that link, its list last. */
function makeWheel(at: string): void {
  mkdirSync(join(at, 'torch/lib'), { recursive: true });
  mkdirSync(join(at, 'torch/include/ATen'), { recursive: true });
  writeFileSync(join(at, 'torch/include/ATen/ATen.h'), '// ATen\n');
  writeFileSync(join(at, 'torch/version.py'), "__version__ = '2.13.0+cpu'\n");
  writeFileSync(join(at, 'empty.cc'), '');
  for (const name of ['libtorch', 'libtorch_cpu', 'libc10']) {
    const args = ['-shared', '-fPIC', join(at, 'empty.cc'), '-o', join(at, `torch/lib/${name}.so`)];
    expect(spawnSync('g++', args).status).toBe(0);
  }
  const info = join(at, 'torch-2.13.0+cpu.dist-info');
  mkdirSync(info);
  const files = ['include/ATen/ATen.h', 'lib/libtorch.so', 'lib/libtorch_cpu.so', 'lib/libc10.so'];
  const lines = files.map((file) => `torch/${file},sha256=x,${statSync(join(at, 'torch', file)).size}\n`);
  writeFileSync(join(info, 'RECORD'), lines.join(''));
}

function script(file: string, ...lines: string[]): void {
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(file, 0o755);
}

beforeAll(() => {
  if (!canBuild) return;
  made = installPackage();
  const bin = join(made.home, 'bin');
  wheel = join(made.home, 'wheel');
  mkdirSync(bin);
  mkdirSync(wheel);
  makeWheel(wheel);
  work = join(made.cache, 'isogloss');
  venv = join(work, '.venv');
  packages = join(venv, 'lib/python3.11/site-packages');
  script(
    join(made.home, 'venv-python'),
    // As pip does: nothing to do where a list says that it is there.
    `P=${packages}`,
    'if [ ! -e $P/pip/main.py ]; then exit 1; fi',
    'case "$*" in *--version) echo pip 1; exit 0;; esac',
    'if [ -n "$HANG" ]; then echo $$ >"$HANG"; exec sleep 60; fi',
    `if [ ! -e $P/torch-*.dist-info ]; then cp -r ${wheel}/torch* $P; fi`,
  );
  script(
    join(bin, 'python3'),
    'case "$2" in',
    '*version_info*) echo 3.11;;',
    // As ensurepip does.
    `venv) mkdir -p $3/bin ${packages}; cp ${made.home}/venv-python $3/bin/python`,
    `  if [ ! -e ${packages}/pip-1.dist-info ]; then mkdir -p ${packages}/pip ${packages}/pip-1.dist-info; touch ${packages}/pip/main.py; fi;;`,
    'esac',
  );
  env = { PATH: `${bin}:${process.env.PATH}`, CXX: 'g++' };
});

beforeEach(() => {
  if (canBuild) rmSync(work, { recursive: true, force: true });
});

afterAll(() => {
  if (canBuild) rmSync(made.home, { recursive: true, force: true });
});

const setup = (more: NodeJS.ProcessEnv = {}) => isogloss(made, ['setup'], { ...env, ...more });
const BUILT = /built the native addon in .* s\n$/;

describe.skipIf(!canBuild)('a set-up after one that was killed', () => {
  it('installs a cut torch anew, whether or not pip takes it for installed', () => {
    expect(setup().stderr).toMatch(BUILT);
    const library = join(packages, 'torch/lib/libtorch_cpu.so');
    const { size } = statSync(library);
    const user = join(packages, 'numpy');
    mkdirSync(user);

    truncateSync(library, size - 1);
    expect(isogloss(made, ['env'], env).stdout).toContain(
      `stale: the torch it was built against is not whole: its lib/libtorch_cpu.so is cut off: ${size - 1} of ${size} bytes`,
    );
    const cut = setup();
    expect(cut.stderr).toMatch(/^isogloss: removing the torch in .*: its lib\/libtorch_cpu\.so is cut off/m);
    expect(cut.stderr).not.toContain('cannot be had');
    expect(statSync(library).size).toBe(size);
    expect(setup()).toEqual({ status: 0, stdout: '', stderr: '' });

    rmSync(join(work, 'build'), { recursive: true });
    rmSync(join(packages, 'torch-2.13.0+cpu.dist-info'), { recursive: true });
    rmSync(join(packages, 'torch/lib/libc10.so'));
    expect(setup().stderr).toMatch(
      /removing the torch in .*: pip was stopped before it had written all files/,
    );
    expect(existsSync(join(packages, 'torch/lib/libc10.so'))).toBe(true);

    rmSync(join(packages, 'torch'), { recursive: true });
    expect(setup().stderr).not.toContain('cannot be had');
    expect(existsSync(library)).toBe(true);
    expect(existsSync(user)).toBe(true);
  });

  it('installs pip anew when that was cut', () => {
    setup();
    rmSync(join(work, 'build'), { recursive: true });
    rmSync(join(packages, 'torch'), { recursive: true });
    rmSync(join(packages, 'pip/main.py'));
    expect(setup().stderr).toMatch(BUILT);
  });

  it('removes precompiled headers and objects that were not written to their end', () => {
    expect(setup().stderr).toMatch(BUILT);
    const dir = join(
      work,
      'build',
      readdirSync(join(work, 'build')).find((name) => name.startsWith('torch-'))!,
    );
    const earlier = join(work, 'build/torch-0000000000000000');
    for (const folder of [dir, earlier]) {
      mkdirSync(join(folder, 'precompiled-1'), { recursive: true });
      writeFileSync(join(folder, 'precompiled-1/isogloss.h.gch'), '');
    }
    writeFileSync(join(dir, 'objects/tiny.0.o.new'), '');
    expect(setup().status).toBe(0);
    expect(readdirSync(earlier)).toEqual([]);
    expect([...readdirSync(dir), ...readdirSync(join(dir, 'objects'))].join()).not.toMatch(
      /precompiled|new$/,
    );
  });

  it('makes an object and an addon anew that are cut, and an addon that does not load', () => {
    setup();
    const { addon } = JSON.parse(readFileSync(join(work, 'build/stamp.json'), 'utf8')) as { addon: string };
    const objects = join(addon, '../objects');
    truncateSync(addon, 100);
    truncateSync(join(objects, readdirSync(objects)[0]!), 100);
    expect(setup().stderr).toMatch(/: 1 of 1 files\n.*built/);
    // Whole, but it does not load: as one that was built on another system.
    cpSync(join(wheel, 'torch/lib/libtorch.so'), addon);
    expect(setup().stderr).toMatch(/: 0 of 1 files\n.*built/);
    expect(setup().stderr).toBe('');
  });
});

describe.skipIf(!canBuild)('a torch that does not link', () => {
  it('is named as such, and not as a compiler that does not compile', () => {
    const torch = join(made.home, 'unlinkable');
    cpSync(join(wheel, 'torch'), torch, { recursive: true });
    rmSync(join(torch, 'lib/libc10.so'));
    writeFileSync(join(torch, 'lib/libc10.so'), readFileSync(join(torch, 'lib/libtorch.so')));
    rmSync(join(torch, 'lib/libtorch.so'));
    const { status, stderr } = setup({ TORCH_DIR: torch });
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /cannot be had: it compiles, but g\+\+ \S+ does not link it with the torch 2\.13\.0\+cpu in .*unlinkable:\n/,
    );
    expect(stderr).toMatch(/-ltorch\b/);
    expect(stderr).toMatch(/^isogloss: to get it: install that torch anew/m);
  });
});

describe.skipIf(!canBuild)('a signal', () => {
  it('ends pip as well, gives the lock back and says how to go on', async () => {
    const started = join(made.home, 'pip-pid');
    const child = spawn(process.execPath, [made.script, 'setup'], {
      env: { ...made.env, ...env, HANG: started },
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const closed = new Promise((resolve) => child.on('close', resolve));
    while (!existsSync(started) || readFileSync(started, 'utf8') === '')
      await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGTERM');
    expect(await closed).toBe(143);
    expect(stderr).toMatch(/set-up stopped by SIGTERM; `isogloss setup` goes on with it\n$/);
    expect(() => process.kill(Number(readFileSync(started, 'utf8')), 0)).toThrow('ESRCH');
    expect(existsSync(join(work, 'build/.lock'))).toBe(false);
    expect(setup().stderr).toMatch(BUILT);
  });
});
