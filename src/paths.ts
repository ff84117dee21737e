/** Where the project lies, from a source checkout, from its bundle, or installed as a package. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from './errors.ts';

let root: string | undefined;

/**
 * Directory of isogloss' own package.json: the nearest one above this module, which lies in `src/` under the
 * tests and in `dist/` when bundled.
 */
export function packageRoot(): string {
  if (root !== undefined) return root;
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!isOurs(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error(`no package.json of isogloss above ${import.meta.url}`);
    directory = parent;
  }
  root = directory;
  return directory;
}

function isOurs(file: string): boolean {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name === 'isogloss';
  } catch {
    return false;
  }
}

/** True in a source checkout, where what is built stays in the project; false in an installed package. */
export function isCheckout(): boolean {
  return existsSync(join(packageRoot(), 'src', 'cli', 'main.ts'));
}

/**
 * Directory that may be written to for what is made on this machine (`.venv`, `build/`): the project itself in a
 * checkout, else `$XDG_CACHE_HOME/isogloss` or `~/.cache/isogloss`, as an installed package is not ours to change.
 */
export function workRoot(): string {
  return isCheckout() ? packageRoot() : cacheRoot();
}

/** Folder of what is known of this machine and its files, and can be found out again: `$XDG_CACHE_HOME/isogloss`. */
export function cacheRoot(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isogloss');
}

/**
 * A path with `~` or `~/` in front as below the home folder, which a shell writes out only where it sees one (not in
 * `--out=~/run`, nor in a recipe).
 *
 * @throws UserError for the home of another user (`~ana/run`), which only a shell can know.
 */
export function expandHome(path: string): string {
  if (!path.startsWith('~')) return path;
  if (/^~(\/|$)/.test(path)) return join(homedir(), path.slice(1));
  throw new UserError({
    file: path,
    message: `${path.split('/')[0]} is the home of another user: write the path out, or ./${path} for a name that begins so`,
  });
}

/** A path as a user wrote it, from `cwd` on unless it is absolute or in the home folder. @throws as `expandHome` */
export function absolutePath(cwd: string, path: string): string {
  return resolve(cwd, expandHome(path));
}
