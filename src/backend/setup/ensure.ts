/** The whole native set-up, idempotent and safe to run twice at once: a torch, then the addon built against it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../../scripts/lock.mjs';
import { BuildError, buildAddon, compiler, leftovers, loads } from './build.ts';
import { installTorch, type Missing } from './install.ts';
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
  const ready = leftovers().length === 0 ? await current() : undefined;
  if (ready) return ready;
  return withLock(
    join(buildDir(), '.lock'),
    async () => {
      for (const path of leftovers()) rmSync(path, { recursive: true, force: true });
      return (await current()) ?? (await make(install, progress));
    },
    (holder) => progress(`waiting for ${holder}, which is setting up`),
  );
}

/** The addon if it is ready, loads, and is made for the torch that would be found now. */
async function current(): Promise<AddonResult | undefined> {
  const status = addonStatus();
  if (status.state !== 'ready' || !status.path) return undefined;
  const torch = findTorch();
  // A torch that has gone missing from the search does not make a working addon worse.
  if (torch && torch.dir !== status.torch?.dir) return undefined;
  if (!(await loads(status.path))) return undefined;
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
  let torch = findTorch((dir, reason) => progress(`passing over the torch in ${dir}: ${reason}`));
  if (!torch) {
    if (!install)
      return { missing: { part: 'libtorch', reason: 'there is none', remedy: 'run `isogloss setup`' } };
    const missing = await installTorch(progress);
    if (missing) return { missing };
    const reasons: string[] = [];
    torch = findTorch((dir, reason) => reasons.push(`${dir}: ${reason}`));
    if (!torch) {
      const reason = `the torch that pip installed cannot be used:\n${reasons.join('\n')}`;
      return { missing: { part: 'libtorch', reason, remedy: 'point TORCH_DIR at another PyTorch' } };
    }
  }
  try {
    return { path: await buildAddon(torch, progress), torch };
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    return { torch, missing: { part: 'the native addon', ...explain(error, cxx, torch) } };
  }
}

/** Why there is no addon, and what the user can do. */
function explain(
  { stage, command }: BuildError,
  cxx: { command: string; version: string },
  torch: TorchInstall,
): Pick<Missing, 'reason' | 'remedy'> {
  const by = `${cxx.command} ${cxx.version}`;
  const reason = {
    compile: `${by} does not compile it:`,
    link: `it compiles, but ${by} does not link it with the torch ${torch.version} in ${torch.dir}:`,
    load: `it compiles and links, but does not load with the torch ${torch.version} in ${torch.dir}:`,
  }[stage];
  return { reason: `${reason}\n${command.tail(20)}`, remedy: remedy(stage, command.output, torch) };
}

function remedy(stage: BuildError['stage'], output: string, torch: TorchInstall): string {
  if (/No space left on device|disk quota exceeded/i.test(output))
    return `make room on the disk of ${buildDir()} (0.5 GB)`;
  if (/Killed|cannot allocate memory|out of memory/i.test(output))
    return 'the compiler was killed, mostly for want of memory (0.8 GB for each of up to 4): free some, and set up again';
  if (stage === 'compile')
    return 'the addon needs g++ 11 or newer and torch 2.6 or newer; see native/README.md';
  return `install that torch anew (remove ${torch.dir}), or point TORCH_DIR at another PyTorch`;
}
