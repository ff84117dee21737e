/**
 * An installed package in a temporary folder: the bundle without src/, all that it makes in a cache of its own. Needs
 * the bundle of this checkout, which is made if it is not current.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { packageRoot } from '../../src/paths.ts';

/** The smallest addon there is; ATen only by its version, so that compiling it is quick. */
const TINY = `#define NAPI_VERSION 8
#include <node_api.h>
NAPI_MODULE_INIT() { napi_value v; napi_create_int32(env, 7, &v); return v; }
`;

/** Where it lies, and its environment. */
export interface Installed {
  /** To be removed at the end; everything is below it. */
  home: string;
  /** The package. */
  root: string;
  /** `$XDG_CACHE_HOME`. */
  cache: string;
  script: string;
  env: NodeJS.ProcessEnv;
}

/** Makes one whose native/ is a single small file. */
export function installPackage(): Installed {
  const made = spawnSync(process.execPath, [join(packageRoot(), 'scripts/isogloss.mjs'), '--version'], {
    encoding: 'utf8',
  });
  expect(made.stderr + made.stdout).toMatch(/^(isogloss: .*\n)*\d+\.\d+\.\d+\n$/);
  const home = mkdtempSync(join(tmpdir(), 'isogloss-install-'));
  const root = join(home, 'node_modules/isogloss');
  const cache = join(home, 'cache');
  mkdirSync(join(root, 'native'), { recursive: true });
  for (const part of ['package.json', 'scripts', 'dist', 'recipes', 'data']) {
    cpSync(join(packageRoot(), part), join(root, part), { recursive: true });
  }
  symlinkSync(join(packageRoot(), 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'native/tiny.cc'), TINY);
  // What is printed is read, so without colours, however the tests are watched.
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...{ NO_COLOR: '1', TORCH_DIR: '', VIRTUAL_ENV: '', XDG_CACHE_HOME: cache },
  };
  return { home, root, cache, script: join(root, 'scripts/isogloss.mjs'), env };
}

/** Runs its command line to the end. */
export function isogloss(installed: Installed, args: string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [installed.script, ...args], {
    encoding: 'utf8',
    env: { ...installed.env, ...env },
  });
  return { status, stdout, stderr };
}
