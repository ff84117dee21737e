/** Where an OpenBLAS may lie: named by the user, beside the torch in use (NumPy brings one), or the system's. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { addonStatus } from '../setup/index.ts';
import { addon } from './addon.ts';

let opened: string | undefined;

/** Opens the first OpenBLAS that works, once a process; its configuration, or '' if there is none. */
export function openOpenBlas(): string {
  opened ??=
    candidates()
      .map((path) => addon().openOpenBlas(path))
      .find((config) => config !== '') ?? '';
  return opened;
}

function candidates(): string[] {
  const named = process.env.ISOGLOSS_OPENBLAS;
  const torch = addonStatus().torch?.dir;
  const packages = torch === undefined ? [] : ['numpy.libs', 'scipy_openblas64/lib', 'scipy_openblas32/lib'];
  const beside = packages.flatMap((folder) => {
    const dir = join(dirname(torch!), folder);
    const names = existsSync(dir)
      ? readdirSync(dir).filter((name) => /openblas.*\.(so|dylib)/.test(name))
      : [];
    return names.map((name) => join(dir, name));
  });
  return [...(named ? [named] : []), ...beside, 'libopenblas.so.0', 'libopenblas.dylib'];
}
