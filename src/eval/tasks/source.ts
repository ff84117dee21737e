/** Where the files of a task are: a path as it was written, or a data set of the hub, in its cache or fetched into it. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { named } from '../../data/parallel/problems.ts';
import { UserError } from '../../errors.ts';
import { type DatasetFiles, fetchDataset, parseHubId } from '../../hub/index.ts';
import { ifThere } from '../../if-there.ts';
import { absolutePath } from '../../paths.ts';
import { isReadable } from './read.ts';
import type { TaskOptions } from './task.ts';

/** What a task needs of a data set of the hub. */
export interface HubFiles extends DatasetFiles {
  /** `org/name` of its own source; undefined where it has none. */
  id?: string;
}

/** A folder or a file. */
export interface Located {
  path: string;
  /** As the user wrote it; in the cache as it is. */
  shown: string;
  isFolder: boolean;
}

/**
 * Finds the files of a task. What lies at the path is taken before a data set of the hub that is called so.
 * @throws UserError if nothing is there, the task needs a path and has none, or the hub does not give it
 */
export async function locate(
  task: string,
  { path: written, cwd }: Pick<TaskOptions, 'path' | 'cwd'>,
  hub: HubFiles,
): Promise<Located> {
  const name = written ?? hub.id;
  if (name === undefined)
    throw new UserError(
      `${task} needs the path of its questions: a folder or a file, or a data set of the hub`,
    );
  if (written !== undefined) {
    const path = absolutePath(cwd, written);
    const found = await ifThere(path, stat(path));
    if (found !== undefined) return { path, shown: written, isFolder: found.isDirectory() };
  }
  const id = isReadable(name) ? undefined : parseHubId(name);
  if (id === undefined)
    throw new UserError({
      file: name,
      message: 'there is no such file or folder, and it is no id of a data set of the hub (org/name)',
    });
  const path = await fetchDataset(id, hub);
  return { path, shown: path, isFolder: true };
}

/** A file in a folder. */
export interface Found {
  path: string;
  shown: string;
}

/**
 * Files below a folder whose name within it (`es/test.parquet`) fits, sorted.
 * @param depth folders to go down
 */
export async function filesIn(
  { path, shown }: { path: string; shown: string },
  fits: (name: string) => boolean,
  depth = 3,
): Promise<(Found & { name: string })[]> {
  const found: (Found & { name: string })[] = [];
  const walk = async (inside: string, left: number): Promise<void> => {
    for (const entry of await readdir(join(path, inside), { withFileTypes: true })) {
      // What begins with a dot is a tool's own.
      if (entry.name.startsWith('.')) continue;
      const name = inside === '' ? entry.name : `${inside}/${entry.name}`;
      if (fits(name)) found.push({ name, path: join(path, name), shown: join(shown, name) });
      // The cache has links for files.
      else if (left > 0 && entry.isDirectory()) await walk(name, left - 1);
    }
  };
  await walk('', depth);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What is in a folder, for who has named the wrong one. */
export async function whatIsIn(path: string): Promise<string> {
  const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
  return names.length === 0 ? 'it is empty' : `found ${named(names, 5)}`;
}
