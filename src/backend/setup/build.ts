/**
 * Compiles native/*.cc against a torch: raw Node-API, one g++ a file, objects kept by the hash of all they depend on.
 *
 * No node-gyp and no cmake: node-gyp fetches Node's headers from the network and turns off RTTI and exceptions, which
 * libtorch needs; cmake's find_package(Torch) wants a CUDA toolkit for CUDA wheels and mixes up two installed torchs.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { basename, join } from 'node:path';
import { packageRoot } from '../../paths.ts';
import { CommandError, output, run } from './run.ts';
import { buildDir, mac, nativeFiles, OWN_FLAGS, type Stamp, sourcesHash, stampFile } from './status.ts';
import type { TorchInstall } from './torch.ts';
import { isWholeLibrary } from './whole.ts';

/** A compiler takes up to 0.8 GB on libtorch's headers. */
const MAX_JOBS = 4;
const MIN_JOBS = 2;

/** The C++ compiler: `$CXX`, else g++ (clang++ on macOS); undefined if it does not run. */
export function compiler(): { command: string; version: string } | undefined {
  const command = process.env.CXX || (mac ? 'clang++' : 'g++');
  const version = output(command, ['-dumpfullversion', '-dumpversion']);
  return version === undefined ? undefined : { command, version };
}

/** What could not be done with the addon, and what the program that was to do it printed. */
export class BuildError extends Error {
  constructor(
    readonly stage: 'compile' | 'link' | 'load',
    readonly command: CommandError,
  ) {
    super(`the addon does not ${stage}: ${command.message}`);
    this.name = 'BuildError';
  }
}

/**
 * Makes the addon current and returns its path; compiles only what has changed. Call it under the setup lock.
 *
 * @throws BuildError with the compiler's output if the sources do not compile or link, or the addon does not load.
 */
export async function buildAddon(torch: TorchInstall, progress: (line: string) => void): Promise<string> {
  const cxx = compiler();
  if (!cxx) throw new Error('no C++ compiler');
  const flags = compileFlags(torch);
  const links = linkFlags(torch);
  const base = JSON.stringify([cxx, torch, flags]);
  const dir = join(buildDir(), `torch-${hash(base)}`);
  const objects = join(dir, 'objects');
  const addon = join(dir, 'isogloss.node');
  mkdirSync(objects, { recursive: true });
  const native = join(packageRoot(), 'native');
  const headers = nativeFiles().filter((name) => name.endsWith('.h'));
  const headerText = headers.map((name) => readFileSync(join(native, name), 'utf8')).join('\0');
  const units = nativeFiles()
    .filter((name) => name.endsWith('.cc'))
    .map((name) => {
      const source = join(native, name);
      const key = hash(base, headerText, readFileSync(source, 'utf8'));
      return { name, source, object: join(objects, `${basename(name, '.cc')}.${key}.o`) };
    });
  const sources = sourcesHash();
  const todo = units.filter((unit) => !isWholeLibrary(unit.object));
  const made = hash(JSON.stringify([units.map((unit) => unit.object), links]));
  const linked = join(dir, 'linked');
  if (todo.length > 0 || readText(linked) !== made || !(await loads(addon))) {
    const start = Date.now();
    progress(
      `compiling the native addon against torch ${torch.version}: ${todo.length} of ${units.length} files`,
    );
    await inStage('compile', compile(cxx.command, flags, todo, join(dir, `${PRECOMPILED}${process.pid}`)));
    const objectFiles = units.map((unit) => unit.object);
    await inStage('link', run(cxx.command, [...objectFiles, ...links, '-o', `${addon}.new`]));
    await inStage('load', load(`${addon}.new`));
    // A running process keeps the file it has mapped: the old one is replaced, not overwritten.
    renameSync(`${addon}.new`, addon);
    writeFileSync(linked, made);
    prune(objects, new Set(units.map((unit) => basename(unit.object))));
    progress(`built the native addon in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  }
  const stamp: Stamp = { torch, addon, sources };
  writeFileSync(`${stampFile()}.new`, `${JSON.stringify(stamp, undefined, 2)}\n`);
  renameSync(`${stampFile()}.new`, stampFile());
  return addon;
}

/** True if the addon is there and loads: where the checkout has moved to another system, it may want other libraries. */
export async function loads(addon: string): Promise<boolean> {
  if (!isWholeLibrary(addon)) return false;
  try {
    await load(addon);
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

/** Loads the addon in a process of its own. @throws CommandError with the loader's words if it does not load */
async function load(addon: string): Promise<void> {
  const script =
    'try { process.dlopen({ exports: {} }, process.argv[1]) } catch (e) { console.log(e.message); process.exit(1) }';
  await run(process.execPath, ['-e', script, addon]);
}

async function inStage<T>(stage: BuildError['stage'], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof CommandError ? new BuildError(stage, error) : error;
  }
}

/** Names of folders with headers read once, by the process that compiles. */
const PRECOMPILED = 'precompiled-';

/**
 * What compiling processes that were killed have left: up to 400 MB of precompiled headers each, and objects that were
 * not written to their end. Those of a process that compiles are among them: remove them under the setup lock only.
 */
export function leftovers(): string[] {
  const below = (dir: string) =>
    existsSync(dir) ? readdirSync(dir).map((name) => ({ name, path: join(dir, name) })) : [];
  return below(buildDir())
    .filter(({ name }) => name.startsWith('torch-'))
    .flatMap(({ path }) => [...below(path), ...below(join(path, 'objects'))])
    .filter(({ name }) => name.startsWith(PRECOMPILED) || name.endsWith('.new'))
    .map(({ path }) => path);
}

/** From so many files on, reading libtorch's headers once and keeping them pays (three times less CPU for all of them). */
const MANY = 4;

async function compile(
  cxx: string,
  flags: string[],
  units: { source: string; object: string }[],
  precompiled: string,
): Promise<void> {
  const queue = [...units];
  // clang wants another way of naming precompiled headers; there every file reads them by itself.
  const prepared = units.length >= MANY && !mac && /\bg\+\+/.test(basename(cxx));
  // The header comes first from where its precompiled form lies, and is guarded against being read again.
  const before = prepared ? ['-I', precompiled, '-include', 'isogloss.h'] : [];
  const worker = async (): Promise<void> => {
    for (let unit = queue.shift(); unit; unit = queue.shift()) {
      await run(cxx, [...flags, ...before, '-c', unit.source, '-o', `${unit.object}.new`]);
      renameSync(`${unit.object}.new`, unit.object);
    }
  };
  try {
    if (prepared) {
      mkdirSync(precompiled, { recursive: true });
      const header = join(packageRoot(), 'native/isogloss.h');
      await run(cxx, [...flags, '-x', 'c++-header', header, '-o', join(precompiled, 'isogloss.h.gch')]);
    }
    const jobs = Math.max(MIN_JOBS, Math.min(os.availableParallelism(), MAX_JOBS));
    await Promise.all(Array.from({ length: jobs }, worker));
  } finally {
    // Some 400 MB, of no use once the objects are there.
    rmSync(precompiled, { recursive: true, force: true });
  }
}

function compileFlags(torch: TorchInstall): string[] {
  const require = createRequire(import.meta.url);
  const { include_dir: nodeHeaders } = require('node-api-headers') as { include_dir: string };
  return [
    ...OWN_FLAGS,
    `-D_GLIBCXX_USE_CXX11_ABI=${torch.abi}`,
    ...[nodeHeaders, join(torch.dir, 'include'), join(torch.dir, 'include/torch/csrc/api/include')].flatMap(
      (dir) => ['-isystem', dir],
    ),
  ];
}

function linkFlags(torch: TorchInstall): string[] {
  const lib = join(torch.dir, 'lib');
  return [
    ...(mac ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared', '-fopenmp', '-Wl,--no-as-needed']),
    `-L${lib}`,
    '-ltorch',
    '-ltorch_cpu',
    ...(torch.cuda ? ['-ltorch_cuda', '-lc10_cuda'] : []),
    '-lc10',
    `-Wl,-rpath,${lib}`,
  ];
}

/** Objects of earlier sources. */
function prune(objects: string, keep: ReadonlySet<string>): void {
  for (const name of readdirSync(objects)) if (!keep.has(name)) rmSync(join(objects, name), { force: true });
}

function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function hash(...parts: string[]): string {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part).update('\0');
  return digest.digest('hex').slice(0, 16);
}
