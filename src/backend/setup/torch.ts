/** Finds the PyTorch that the addon is built against: only its headers and shared libraries are used, never Python. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { workRoot } from '../../paths.ts';
import { output } from './run.ts';
import { cutTorchFile, cutTorchLibrary, pipRecord } from './whole.ts';

/** Oldest torch whose headers the addon compiles against. */
const OLDEST: readonly [number, number] = [2, 6];

/** A PyTorch with headers and libraries. */
export interface TorchInstall {
  /** The `torch` directory of site-packages, links resolved. */
  dir: string;
  /** e.g. `2.13.0+cpu`. */
  version: string;
  /** Value of _GLIBCXX_USE_CXX11_ABI it was compiled with. */
  abi: 0 | 1;
  /** True if it has CUDA libraries. */
  cuda: boolean;
}

/** Suffix of shared libraries. */
const LIBRARY = process.platform === 'darwin' ? 'dylib' : 'so';

/**
 * The first usable torch of: `$TORCH_DIR`, `$VIRTUAL_ENV`, `.venv` of the project, the one that `python3` would
 * import.
 *
 * @param passedOver receives each torch that is there and cannot be used, and why.
 * @throws UserError if `$TORCH_DIR` is set and no usable torch.
 */
export function findTorch(
  passedOver: (dir: string, reason: string) => void = () => {},
): TorchInstall | undefined {
  const asked = process.env.TORCH_DIR;
  if (asked) {
    const found = inspectTorch(asked);
    if (typeof found === 'string') throw new UserError(`TORCH_DIR=${asked}: ${found}`);
    return found;
  }
  for (const candidate of candidates()) {
    const found = inspectTorch(candidate);
    if (typeof found !== 'string') return found;
    if (existsSync(candidate)) passedOver(candidate, found);
  }
  return undefined;
}

function* candidates(): Generator<string> {
  if (process.env.VIRTUAL_ENV) yield* torchOfVenv(process.env.VIRTUAL_ENV);
  yield* torchOfVenv(venvDir());
  // find_spec looks without importing: 30 ms instead of more than a second.
  const found = output('python3', [
    '-c',
    "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')",
  ]);
  if (found) yield found;
}

/** The virtual environment that setup makes. */
export function venvDir(): string {
  return join(workRoot(), '.venv');
}

function torchOfVenv(venv: string): string[] {
  return sitePackages(venv).map((packages) => join(packages, 'torch'));
}

/** Where a virtual environment keeps its packages: one folder for each Python it has been made with. */
export function sitePackages(venv: string): string[] {
  const lib = join(venv, 'lib');
  if (!existsSync(lib)) return [];
  return readdirSync(lib)
    .filter((name) => name.startsWith('python3'))
    .map((name) => join(lib, name, 'site-packages'))
    .filter((packages) => existsSync(packages));
}

/**
 * What shows that the torch in `dir` was not installed to its end, or has been damaged since; undefined if it is
 * whole, or not there at all.
 */
export function brokenTorch(dir: string): string | undefined {
  if (!existsSync(dir)) return undefined;
  const real = realpathSync(dir);
  // In the environment that pip fills for us, its list comes last; elsewhere a torch may have come without pip.
  const ours = sitePackages(venvDir()).some((packages) => existsSync(packages) && real === inside(packages));
  if (ours && pipRecord(real) === undefined) return 'pip was stopped before it had written all files';
  return cutTorchLibrary(real) ?? cutTorchFile(real);
}

const inside = (packages: string): string => join(realpathSync(packages), 'torch');

/** The torch in `dir`, or why it cannot be used. */
export function inspectTorch(dir: string): TorchInstall | string {
  for (const file of ['include/ATen/ATen.h', `lib/libtorch_cpu.${LIBRARY}`]) {
    if (!existsSync(join(dir, file))) return `it has no ${file}`;
  }
  const real = realpathSync(dir);
  const fault = brokenTorch(dir);
  if (fault) return `it is not whole: ${fault}`;
  const version = torchVersion(real);
  if (!version) return 'its version.py names no version';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return `torch ${version} is older than ${OLDEST.join('.')}`;
  }
  return { dir: real, version, abi: cxx11Abi(real), cuda: existsSync(join(real, 'lib', 'libtorch_cuda.so')) };
}

/** `__version__` of a torch directory, or undefined. */
export function torchVersion(dir: string): string | undefined {
  try {
    return /__version__ = '([^']+)'/.exec(readFileSync(join(dir, 'version.py'), 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** libc10 exports a function on std::string whose mangled name tells which of libstdc++'s two it was compiled with. */
function cxx11Abi(dir: string): 0 | 1 {
  if (process.platform === 'darwin') return 1;
  return readFileSync(join(dir, 'lib', 'libc10.so')).includes('SourceLocationENSt7__cxx11') ? 1 : 0;
}
