/** Set-up as it runs in an installed package, from nothing, and what it says when a part cannot be had. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addonStatus } from '../../src/backend/setup/index.ts';
import { type Installed, installPackage, isogloss as run } from './installed.ts';

let made: Installed;
let installed: string;
let cache: string;

beforeAll(() => {
  made = installPackage();
  ({ root: installed, cache } = made);
});

afterAll(() => rmSync(made.home, { recursive: true, force: true }));

const isogloss = (args: string[], env: NodeJS.ProcessEnv = {}) => run(made, args, env);

describe('an installed package', () => {
  it('runs from its bundle, from any directory', () => {
    expect(isogloss(['ls']).stdout).toContain('gemma3-270m/mist');
    expect(existsSync(join(installed, 'build'))).toBe(false);
  });
});

describe('set-up', () => {
  it('says what is missing without a compiler, how to get it, and what happens meanwhile', () => {
    expect(isogloss(['setup'], { CXX: 'no-such-compiler' })).toEqual({
      status: 0,
      stdout: '',
      stderr: [
        'isogloss: the native addon cannot be had: the C++ compiler no-such-compiler was not found',
        'isogloss: to get it: install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++), or name one in CXX',
        'isogloss: meanwhile the wasm backend is used: complete, but about 50 times slower than torch',
        '',
      ].join('\n'),
    });
  });

  it.skipIf(spawnSync('g++', ['--version']).status !== 0)('says so without python3', () => {
    const bin = mkdtempSync(join(tmpdir(), 'isogloss-bin-'));
    // PATH without any Python: the compiler by its full name, and what that calls.
    const gxx = spawnSync('sh', ['-c', 'command -v g++'], { encoding: 'utf8' }).stdout.trim();
    const { status, stderr } = isogloss(['setup'], { PATH: bin, CXX: gxx });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^isogloss: libtorch cannot be had: python3, .* was not found$/m);
    expect(stderr).toMatch(/^isogloss: to get it: install Python 3\.10 or newer .* or point TORCH_DIR/m);
    expect(stderr).toMatch(/wasm backend is used/);
  });

  it.skipIf(spawnSync('python3', ['-c', 'import venv, ensurepip']).status !== 0)(
    'says so when pip reaches no index, and then computes with wasm',
    () => {
      const offline = { PIP_NO_INDEX: '1', PIP_FIND_LINKS: '', PIP_CONFIG_FILE: '/dev/null', PYTHONPATH: '' };
      const python = spawnSync('python3', ['-c', 'import torch'], { encoding: 'utf8' });
      const { status, stderr } = isogloss(['setup'], offline);
      expect(status).toBe(0);
      // A machine whose own Python has torch needs no pip.
      if (python.status === 0) return;
      expect(stderr).toMatch(/^isogloss: making a Python environment in /m);
      expect(stderr).toMatch(/^isogloss: libtorch cannot be had: pip could not install torch/m);
      expect(stderr).toMatch(/No matching distribution found for torch/);
      expect(stderr).toMatch(/^isogloss: to get it: check the network/m);
      const env = isogloss(['env'], offline).stdout;
      expect(env).toMatch(
        /^addon +missing: it has not been built yet; `isogloss setup` builds it in .*cache\/isogloss$/m,
      );
      expect(env).toMatch(/^backend +wasm: torch cannot be had/m);
    },
  );

  const torch = addonStatus().torch?.dir;
  it.skipIf(torch === undefined)(
    'builds the addon once, again when a source changes, and says what went wrong',
    () => {
      const env = { TORCH_DIR: torch! };
      const first = isogloss(['setup'], env);
      expect(first.stderr).toMatch(
        /^isogloss: compiling the native addon against torch \S+: 1 of 1 files\n.*built .* s\n$/,
      );
      const stamp = JSON.parse(readFileSync(join(cache, 'isogloss/build/stamp.json'), 'utf8')) as {
        addon: string;
      };
      expect(existsSync(stamp.addon)).toBe(true);
      expect(isogloss(['setup'], env).stderr).toBe('');

      writeFileSync(join(installed, 'native/more.cc'), 'int more() { return 1; }\n');
      expect(isogloss(['env'], env).stdout).toMatch(/^addon +stale: the native sources have changed/m);
      expect(isogloss(['setup'], env).stderr).toMatch(/: 1 of 2 files\n/);

      writeFileSync(join(installed, 'native/more.cc'), 'int more() { return nothing; }\n');
      const broken = isogloss(['setup'], env);
      expect(broken.status).toBe(0);
      expect(broken.stderr).toMatch(/the native addon cannot be had: \S+ [\d.]+ does not compile it:\n/);
      expect(broken.stderr).toMatch(/more\.cc.*error.*nothing/);

      rmSync(dirname(stamp.addon), { recursive: true });
      rmSync(join(installed, 'native/more.cc'));
      expect(isogloss(['env'], env).stdout).toMatch(/^addon +(stale|missing): /m);
      expect(isogloss(['setup'], env).stderr).toMatch(/: 1 of 1 files\n/);
    },
  );
});
