/** Files of a data set by its name: from Hugging Face's cache if they are there, else from the hub into the cache. */
import { readdir } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { ifThere } from '../if-there.ts';
import { cachedCommit, repoFolder } from './cache.ts';
import type { HubId } from './id.ts';
import { hubSettings } from './settings.ts';
import { type Choice, type FetchOptions, intoCache, offline, shown, whatIsThere } from './snapshot.ts';

/** A file, or the parts of one, that is needed of a data set. */
export interface DatasetNeed {
  /** For messages: `the test questions in es`. */
  what: string;
  fits: (name: string) => boolean;
  /** Taken where it is there. */
  isOptional?: boolean;
}

/** Which files of a data set are needed. */
export interface DatasetFiles {
  /** Folders that hold them, beside its root. */
  folders: readonly string[];
  needs: readonly DatasetNeed[];
}

/**
 * The directory of a data set in Hugging Face's cache, with what is needed of it. What is in the cache is taken as it is,
 * without a request; what it lacks is fetched at the commit that it is of, so that languages do not mix two states.
 *
 * @throws UserError when it is not there, lacks what is needed, may not be had, or does not arrive whole
 */
export async function fetchDataset(
  { name, revision }: HubId,
  { folders, needs }: DatasetFiles,
  options: FetchOptions = {},
): Promise<string> {
  const id: HubId = { name, revision, type: 'dataset' };
  const settings = hubSettings();
  const folder = repoFolder(settings.cacheDir, id);
  const known = await cachedCommit(folder, revision);
  if (known !== undefined && isWhole(await namesIn(folder.snapshot(known)), needs))
    return folder.snapshot(known);
  if (settings.offline) throw offline(id, settings, known !== undefined, 'the data set ');
  const choice: Choice = {
    folders: withParents(folders),
    async choose(listed) {
      const lacking = needs.filter(
        ({ fits, isOptional }) => isOptional !== true && ![...listed.keys()].some(fits),
      );
      if (lacking.length > 0)
        throw new UserError(
          lacking.map(({ what }) => ({
            message: `${shown(id)} has no file of ${what}. ${whatIsThere(listed)}`,
          })),
        );
      return [...listed.values()].filter(({ path }) => needs.some(({ fits }) => fits(path)));
    },
  };
  return intoCache(id, folder, settings, options, known, choice);
}

/** `a/b` behind `a`, as a folder is listed only where its parent has it. */
function withParents(folders: readonly string[]): string[] {
  const all = folders.flatMap((folder) => {
    const parts = folder.split('/');
    return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  });
  return [...new Set(all)];
}

/** Is every need met, with all parts of files in several (`test-00001-of-00003.parquet`)? */
function isWhole(names: readonly string[], needs: readonly DatasetNeed[]): boolean {
  return needs.every(({ fits, isOptional }) => {
    const fitting = names.filter(fits);
    const parts = fitting.map((name) => Number(/-\d{5}-of-(\d{5})\./.exec(name)?.[1] ?? 1));
    return fitting.length >= (isOptional ? 0 : 1) && fitting.length >= Math.max(0, ...parts);
  });
}

/** Files below a snapshot, by their names within it. */
async function namesIn(snapshot: string): Promise<string[]> {
  const entries = await ifThere(snapshot, readdir(snapshot, { recursive: true, withFileTypes: true }));
  return (entries ?? [])
    .filter((entry) => !entry.isDirectory())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(snapshot.length + 1));
}
