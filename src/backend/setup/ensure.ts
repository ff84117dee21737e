/** The whole native set-up, idempotent and safe to run twice at once: a torch, then the addon built against it. */
import { join } from 'node:path';
import { withLock } from '../../../scripts/lock.mjs';
import { buildAddon, compiler } from './build.ts';
import { installTorch, type Missing } from './install.ts';
import { CommandError } from './run.ts';
import { addonStatus, buildDir } from './status.ts';
import { findTorch, type TorchInstall } from './torch.ts';

export type { Missing } from './install.ts';

/** What set-up reached. */
export interface AddonResult {
  /** The addon, if there is one. */
  path?: string;
  torch?: TorchInstall;
  /** What kept it from being built; the wasm backend is used meanwhile. */
  missing?: Missing;
}

/** How to set up. */
export interface EnsureOptions {
  /** Whether torch may be installed where there is none. */
  install: boolean;
  /** Receives one line a step; nothing when there is nothing to do. */
  progress: (line: string) => void;
}

/**
 * Makes the addon current. A part that cannot be had (Python, network, compiler) is a result, not an error, as there
 * is a backend that does without.
 */
export async function ensureAddon({ install, progress }: EnsureOptions): Promise<AddonResult> {
  const ready = current();
  if (ready) return ready;
  return withLock(
    join(buildDir(), '.lock'),
    async () => current() ?? (await make(install, progress)),
    (holder) => progress(`waiting for ${holder}, which is setting up`),
  );
}

/** The addon if it is ready and made for the torch that would be found now. */
function current(): AddonResult | undefined {
  const status = addonStatus();
  if (status.state !== 'ready') return undefined;
  const torch = findTorch();
  // A torch that has gone missing from the search does not make a working addon worse.
  if (torch && torch.dir !== status.torch?.dir) return undefined;
  return { path: status.path, torch: status.torch };
}

async function make(install: boolean, progress: (line: string) => void): Promise<AddonResult> {
  // Asked first: without a compiler there is no use in fetching torch.
  const cxx = compiler();
  if (!cxx) {
    return {
      missing: {
        part: 'the native addon',
        reason: `the C++ compiler ${process.env.CXX || 'g++'} was not found`,
        remedy:
          'install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++), or name one in CXX',
      },
    };
  }
  let torch = findTorch();
  if (!torch) {
    if (!install)
      return { missing: { part: 'libtorch', reason: 'there is none', remedy: 'run `isogloss setup`' } };
    const missing = await installTorch(progress);
    if (missing) return { missing };
    torch = findTorch();
    if (!torch) {
      const reason = 'the torch that pip installed has no headers or libraries';
      return { missing: { part: 'libtorch', reason, remedy: 'point TORCH_DIR at another PyTorch' } };
    }
  }
  try {
    return { path: await buildAddon(torch, progress), torch };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const reason = `${cxx.command} ${cxx.version} does not compile it:\n${error.tail(20)}`;
    const remedy = 'the addon needs g++ 11 or newer and torch 2.6 or newer; see native/README.md';
    return { torch, missing: { part: 'the native addon', reason, remedy } };
  }
}
