/**
 * Hugging Face's cache on the disk, as every library that loads from the hub lays it out:
 * `models--org--name/refs/main` holds a commit, `snapshots/<commit>/` links to files in `blobs/` named by their hash. Data sets
 * are in `datasets--org--name`.
 */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { ifThere } from '../if-there.ts';
import { type HubId, isCommit } from './id.ts';

/** The folder of a repository in the cache. */
export interface RepoFolder {
  path: string;
  blob(hash: string): string;
  snapshot(commit: string): string;
  ref(revision: string): string;
}

export function repoFolder(cacheDir: string, { name, type = 'model' }: HubId): RepoFolder {
  const path = join(cacheDir, `${type}s--${name.replace('/', '--')}`);
  return {
    path,
    blob: (hash) => join(path, 'blobs', hash),
    snapshot: (commit) => join(path, 'snapshots', commit),
    ref: (revision) => join(path, 'refs', revision),
  };
}

/**
 * The commit that a revision stood for when it was last fetched.
 * @throws UserError when the note of it is there and cannot be read
 */
export async function cachedCommit(folder: RepoFolder, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const text = (await ifThere(folder.ref(revision), readFile(folder.ref(revision), 'utf8'))) ?? '';
  return isCommit(text.trim()) ? text.trim() : undefined;
}

/** Makes `snapshots/<commit>/<name>` a link to a blob; a copy where links cannot be made (Windows without the right to). */
export async function linkBlob(blob: string, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await rm(file, { force: true });
  await symlink(relative(dirname(file), blob), file).catch(() => copyFile(blob, file));
}

/** Notes that a revision stands for a commit. */
export async function writeRef(folder: RepoFolder, revision: string, commit: string): Promise<void> {
  if (isCommit(revision)) return;
  const path = folder.ref(revision);
  await mkdir(dirname(path), { recursive: true });
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(aside, commit);
  await rename(aside, path);
}
