/** The Python that the peers of the benchmarks and of the parity tests run in: never the project's own venv. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What the peers need; versions pinned so that figures compare. */
export const PEER_PACKAGES = [
  'torch==2.13.0',
  'transformers==5.18.0',
  'trl==1.16.0',
  'gguf==0.19.0',
  'lm_eval==0.4.13',
  'datasets==5.2.0',
  'safetensors==0.8.0',
  'psutil==7.2.2',
];

const VENV = 'bench/.venv';

/** A Python with transformers, or undefined: ISOGLOSS_PEER_PYTHON, else bench/.venv if it has been made. */
export function findPeerPython(root: string): string | undefined {
  const named = process.env.ISOGLOSS_PEER_PYTHON;
  if (named) {
    if (!existsSync(named)) throw new Error(`ISOGLOSS_PEER_PYTHON names ${named}, which does not exist.`);
    return named;
  }
  const own = join(root, VENV, 'bin/python');
  return existsSync(own) ? own : undefined;
}

/** As findPeerPython, but makes bench/.venv on first use (about 1 GB, a few minutes). */
export function peerPython(root: string): string {
  const found = findPeerPython(root);
  if (found) return found;
  const venv = join(root, VENV);
  console.log(`Making ${VENV} with ${PEER_PACKAGES.join(' ')} (first use only)`);
  execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
  const python = join(venv, 'bin/python');
  // The CPU build where that index can be reached: the default one brings gigabytes of CUDA on Linux.
  const extraIndex = ['--extra-index-url', 'https://download.pytorch.org/whl/cpu'];
  try {
    execFileSync(python, ['-m', 'pip', 'install', '-q', ...extraIndex, 'torch==2.13.0+cpu'], {
      stdio: 'inherit',
    });
  } catch {
    console.log('No CPU build of torch to be had; taking the default one.');
  }
  execFileSync(python, ['-m', 'pip', 'install', '-q', ...PEER_PACKAGES], { stdio: 'inherit' });
  return python;
}
