/** Whether there is an addon that may be loaded, from the stamp its build left: no compiler and no Python is asked. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot, workRoot } from '../../paths.ts';
import { type TorchInstall, torchVersion } from './torch.ts';
import { cutTorchLibrary, isWholeLibrary } from './whole.ts';

/** State of the addon. Only a `ready` one may be loaded: two libtorchs in one process end it. */
export interface AddonStatus {
  state: 'ready' | 'stale' | 'missing';
  /** The .node file, if ready. */
  path?: string;
  /** Why it is not ready. */
  reason?: string;
  /** The torch it was built against. */
  torch?: TorchInstall;
}

/** What a build writes beside the addon. */
export interface Stamp {
  torch: TorchInstall;
  /** Absolute path of the .node file. */
  addon: string;
  /** Hash of the native sources it was made of, and of the flags. */
  sources: string;
}

/** Where setup builds. */
export function buildDir(): string {
  return join(workRoot(), 'build');
}

/** The stamp of the last build. */
export function stampFile(): string {
  return join(buildDir(), 'stamp.json');
}

export const mac = process.platform === 'darwin';

/** What g++ is told whatever the torch. */
export const OWN_FLAGS: readonly string[] = [
  '-O2',
  '-std=c++20',
  '-fPIC',
  // Without it at::parallel_for is inlined as a serial loop in our own files, silently.
  ...(mac ? [] : ['-fopenmp']),
  // A square root that may set errno is a branch in the middle of a loop, which is then not vectorised. g++ 12 does not
  // take this from the fast-math of VECTOR_CLONES.
  '-fno-math-errno',
  '-DNDEBUG',
  '-DNAPI_VERSION=8',
  '-fvisibility=hidden',
];

/** Hash of native/ and of how it is compiled: what the addon has to be made of. */
export function sourcesHash(): string {
  const hash = createHash('sha256').update(JSON.stringify(OWN_FLAGS));
  const native = join(packageRoot(), 'native');
  for (const name of nativeFiles()) hash.update(`${name}\0`).update(readFileSync(join(native, name)));
  return hash.digest('hex').slice(0, 16);
}

/** Names of the C++ sources and headers in native/, sorted. */
export function nativeFiles(): string[] {
  return readdirSync(join(packageRoot(), 'native'))
    .filter((name) => name.endsWith('.cc') || name.endsWith('.h'))
    .sort();
}

/** Looks at the last build; takes about a millisecond. */
export function addonStatus(): AddonStatus {
  let stamp: Stamp;
  try {
    stamp = JSON.parse(readFileSync(stampFile(), 'utf8')) as Stamp;
  } catch {
    return { state: 'missing', reason: 'it has not been built yet' };
  }
  const { torch, addon } = stamp;
  const now = torchVersion(torch.dir);
  if (now === undefined)
    return { state: 'stale', reason: `the torch it was built against is gone: ${torch.dir}` };
  if (now !== torch.version) {
    return {
      state: 'stale',
      reason: `it was built against torch ${torch.version}, now there is ${now}`,
      torch,
    };
  }
  if (stamp.sources !== sourcesHash()) {
    return { state: 'stale', reason: 'the native sources have changed since it was built', torch };
  }
  const fault = cutTorchLibrary(torch.dir);
  if (fault) return { state: 'stale', reason: `the torch it was built against is not whole: ${fault}` };
  if (!existsSync(addon)) return { state: 'missing', reason: `${addon} is gone`, torch };
  if (!isWholeLibrary(addon)) return { state: 'missing', reason: `${addon} is not whole`, torch };
  return { state: 'ready', path: addon, torch };
}
