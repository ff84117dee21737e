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
import { output, run } from './run.ts';
import { buildDir, mac, nativeFiles, OWN_FLAGS, type Stamp, sourcesHash, stampFile } from './status.ts';
import type { TorchInstall } from './torch.ts';

/** A compiler takes up to 0.8 GB on libtorch's headers. */
const MAX_JOBS = 4;
const MIN_JOBS = 2;

/** The C++ compiler: `$CXX`, else g++ (clang++ on macOS); undefined if it does not run. */
export function compiler(): { command: string; version: string } | undefined {
  const command = process.env.CXX || (mac ? 'clang++' : 'g++');
  const version = output(command, ['-dumpfullversion', '-dumpversion']);
  return version === undefined ? undefined : { command, version };
}

/**
 * Makes the addon current and returns its path; compiles only what has changed. Call it under the setup lock.
 *
 * @throws CommandError with the compiler's output if the sources do not compile.
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
  const todo = units.filter((unit) => !existsSync(unit.object));
  const made = hash(JSON.stringify([units.map((unit) => unit.object), links]));
  const linked = join(dir, 'linked');
  if (todo.length > 0 || readText(linked) !== made || !existsSync(addon)) {
    const start = Date.now();
    progress(
      `compiling the native addon against torch ${torch.version}: ${todo.length} of ${units.length} files`,
    );
    await compile(cxx.command, flags, todo, join(dir, `precompiled-${process.pid}`));
    await run(cxx.command, [...units.map((unit) => unit.object), ...links, '-o', `${addon}.new`]);
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
