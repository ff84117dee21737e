/** Gets a PyTorch into `.venv` when the machine has none. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, output, run } from './run.ts';
import { brokenTorch, sitePackages, venvDir } from './torch.ts';

/** The torch that setup installs; what the addon is developed against. */
const TORCH = '2.13.0';
/** Oldest Python that this torch has wheels for. */
const OLDEST_PYTHON: readonly [number, number] = [3, 10];
/** Where PyTorch keeps builds without CUDA, a tenth of the size. */
const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';

/** A part that setup needs and that is not to be had: what, why, and what the user can do. */
export interface Missing {
  part: string;
  reason: string;
  remedy: string;
}

/** Installs torch into `.venv`, made if need be; returns what stood in the way, if anything did. */
export async function installTorch(progress: (line: string) => void): Promise<Missing | undefined> {
  const start = Date.now();
  const venv = venvDir();
  const python = join(venv, 'bin', 'python');
  if (!hasPip(python)) {
    const missing = await makeVenv(venv, progress);
    if (missing) return missing;
  }
  removeBroken(venv, progress);
  progress(`installing torch ${TORCH} into ${venv}; a download of 0.2 GB or more, once`);
  const pip = (...args: string[]) =>
    run(python, ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', ...args]);
  const failed = async (...args: string[]): Promise<CommandError | undefined> => {
    try {
      await pip(...args);
      return undefined;
    } catch (error) {
      if (error instanceof CommandError) return error;
      throw error;
    }
  };
  // A build without CUDA, if the configured index or PyTorch's own has one; its dependencies come after.
  if (process.platform === 'linux' && !hasGpu()) {
    const build = `torch==${TORCH}+cpu`;
    const quick = ['--no-deps', '--retries', '1', '--timeout', '15'];
    if (await failed(...quick, build)) await failed(...quick, '--index-url', CPU_INDEX, build);
  }
  const error = await failed(`torch==${TORCH}`);
  if (error) {
    return {
      part: 'libtorch',
      reason: `pip could not install torch ${TORCH}:\n${error.tail(8)}`,
      remedy:
        "check the network and pip's index, or point TORCH_DIR at the torch folder of an existing PyTorch",
    };
  }
  progress(`installed torch in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  return undefined;
}

const hasPip = (python: string): boolean =>
  existsSync(python) && output(python, ['-m', 'pip', '--version']) !== undefined;

/**
 * Removes what is left of a torch that was not installed to its end. pip does not mend it: with its `.dist-info` there
 * it is "already satisfied". Whatever else is in the environment stays, as it may be the user's own.
 */
function removeBroken(venv: string, progress: (line: string) => void): void {
  // `~orch` is where pip keeps the old one while it installs another.
  const parts = /^(torch|~orch)(-.*\.dist-info)?$/;
  for (const packages of sitePackages(venv)) {
    if (!readdirSync(packages).some((name) => parts.test(name))) continue;
    const torch = join(packages, 'torch');
    const fault = existsSync(torch) ? brokenTorch(torch) : 'its folder is missing';
    if (fault === undefined) continue;
    progress(`removing the torch in ${venv}, which is not whole: ${fault}`);
    removeNames(packages, parts);
  }
}

/** Lists of what is installed go before the files: stopped between the two, the rest still counts as not installed. */
function removeNames(dir: string, names: RegExp): void {
  const found = readdirSync(dir).filter((name) => names.test(name));
  for (const name of found.sort().reverse()) rmSync(join(dir, name), { recursive: true, force: true });
}

async function makeVenv(venv: string, progress: (line: string) => void): Promise<Missing | undefined> {
  const version = output('python3', ['-c', "import sys; print('%d.%d' % sys.version_info[:2])"]);
  const orTorch = 'or point TORCH_DIR at the torch folder of an existing PyTorch';
  if (version === undefined) {
    return {
      part: 'libtorch',
      reason: 'python3, which is needed once to fetch PyTorch with pip, was not found',
      remedy: `install Python ${OLDEST_PYTHON.join('.')} or newer with pip (Debian, Ubuntu: apt install python3-venv), ${orTorch}`,
    };
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor < OLDEST_PYTHON[1])) {
    return {
      part: 'libtorch',
      reason: `python3 is ${version}, and torch ${TORCH} needs ${OLDEST_PYTHON.join('.')} or newer`,
      remedy: `install a newer Python, ${orTorch}`,
    };
  }
  progress(`making a Python environment in ${venv}`);
  // What is left of a pip that was not installed to its end counts as installed with ensurepip.
  for (const packages of sitePackages(venv)) removeNames(packages, /^pip(-.*\.dist-info)?$/);
  try {
    await run('python3', ['-m', 'venv', venv]);
    if (hasPip(join(venv, 'bin', 'python'))) return undefined;
    return {
      part: 'libtorch',
      reason: `the Python environment ${venv} has no pip that works`,
      remedy: `remove that folder and set up again, ${orTorch}`,
    };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return {
      part: 'libtorch',
      reason: `python3 cannot make a virtual environment:\n${error.tail(4)}`,
      remedy: `install its venv and pip parts (Debian, Ubuntu: apt install python3-venv), ${orTorch}`,
    };
  }
}

function hasGpu(): boolean {
  return existsSync('/proc/driver/nvidia/version') || existsSync('/dev/nvidia0') || existsSync('/dev/dxg');
}
