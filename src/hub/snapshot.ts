/** Files of a repository of the hub into Hugging Face's cache: which ones, the caller chooses from their listing. */
import { mkdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetInfo, type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub';
import { withLock } from '../../scripts/lock.mjs';
import { UserError } from '../errors.ts';
import { ifThere } from '../if-there.ts';
import { linkBlob, type RepoFolder, writeRef } from './cache.ts';
import { type DownloadOptions, downloadFile, INCOMPLETE, isOfDisk } from './download.ts';
import { type HubId, isCommit, pagePath } from './id.ts';
import { hubFetch, Unreachable } from './request.ts';
import type { HubSettings } from './settings.ts';

/** How far a download is. */
export interface DownloadProgress {
  /** `org/name` */
  name: string;
  /** Bytes of all files, those that were there before included. */
  done: number;
  total: number;
}

export interface FetchOptions extends Pick<DownloadOptions, 'attempts' | 'wait'> {
  onProgress?: (progress: DownloadProgress) => void;
  /** Told what a model in the cache lacks and cannot get. */
  onWarning?: (text: string) => void;
}

/** A file of the listing that is fit to be downloaded. */
export interface Entry {
  path: string;
  size: number;
  hash: string;
}

/** Fetches a file into the snapshot. */
export type Get = (entry: Entry, onBytes: (bytes: number) => void) => Promise<void>;

/** What to fetch of a repository. */
export interface Choice {
  /** Folders of it to be listed beside its root; one in another stands behind that (`data`, `data/es`). */
  folders: readonly string[];
  /** Chooses of `listed`; may fetch what it must read for that. */
  choose: (
    listed: ReadonlyMap<string, Entry>,
    id: HubId,
    snapshot: string,
    get: Get,
  ) => Promise<readonly Entry[]>;
}

/**
 * Downloads into the cache under a lock, from `known` if that is given, else from the commit of the revision now.
 *
 * @returns the directory of the snapshot
 * @throws UserError when it is not there, may not be had, or does not arrive whole
 */
export async function intoCache(
  id: HubId,
  folder: RepoFolder,
  settings: HubSettings,
  options: FetchOptions,
  known: string | undefined,
  choice: Choice,
): Promise<string> {
  await makeFolder(folder.path);
  try {
    // Ranks of one job and other programs of the user's may want the same model at the same time.
    return await withLock(join(folder.path, '.isogloss-lock'), () =>
      download(id, folder, settings, options, known, choice),
    );
  } catch (error) {
    if (error instanceof Unreachable)
      throw new UserError(`${shown(id)} is not in the cache, and ${error.message}`);
    throw isOfDisk(error) ? notWritable(folder.path, error as Error) : error;
  }
}

async function download(
  id: HubId,
  folder: RepoFolder,
  settings: HubSettings,
  { onProgress = () => {}, attempts, wait }: FetchOptions,
  known: string | undefined,
  choice: Choice,
): Promise<string> {
  const request = hubFetch(id, settings);
  const commit = known ?? (await commitOf(id, settings, request));
  const listed = await listing(id, commit, settings, request, choice.folders);
  const snapshot = folder.snapshot(commit);
  const get: Get = async ({ path, size, hash }, onBytes) => {
    const target = folder.blob(hash);
    if ((await sizeOf(target)) !== size) {
      const url = `${settings.endpoint}/${pagePath(id)}/resolve/${commit}/${path}`;
      const name = `${id.name}/${path}`;
      await downloadFile({ name, url, size, hash, target }, { fetch: request, onBytes, attempts, wait });
    }
    await linkBlob(target, join(snapshot, path));
  };
  const wanted = await choice.choose(listed, id, snapshot, get);
  await requireSpace(id, folder, wanted);
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const entry of wanted) {
    await get(entry, (bytes) => onProgress({ name: id.name, done: done + bytes, total }));
    done += entry.size;
    onProgress({ name: id.name, done, total });
  }
  if (known === undefined) await writeRef(folder, id.revision, commit);
  return snapshot;
}

/** What is said where nothing may be asked for. */
export function offline(id: HubId, { cacheDir }: HubSettings, isPart: boolean, what = ''): UserError {
  return new UserError(
    `${what}${shown(id)} is not in the cache (${cacheDir}) ${isPart ? 'as a whole ' : ''}and HF_HUB_OFFLINE is set`,
  );
}

/** The commit that a revision stands for now. */
async function commitOf(id: HubId, { endpoint }: HubSettings, request: typeof fetch): Promise<string> {
  if (isCommit(id.revision)) return id.revision;
  const place = { name: id.name, revision: id.revision, hubUrl: endpoint, fetch: request };
  const { sha } = await understood(id, endpoint, () =>
    id.type === 'dataset'
      ? datasetInfo({ ...place, additionalFields: ['sha'] })
      : modelInfo({ ...place, additionalFields: ['sha'] }),
  );
  if (typeof sha !== 'string' || !isCommit(sha)) throw strange(id, endpoint);
  return sha;
}

/** The files at a commit: those in its root, and those in `folders`. */
async function listing(
  id: HubId,
  commit: string,
  { endpoint }: HubSettings,
  request: typeof fetch,
  folders: readonly string[],
): Promise<ReadonlyMap<string, Entry>> {
  return understood(id, endpoint, async () => {
    const found = new Map<string, Entry>();
    const list = async (path?: string): Promise<Set<string>> => {
      const inside = new Set<string>();
      const place = {
        repo: { type: id.type ?? ('model' as const), name: id.name },
        revision: commit,
        hubUrl: endpoint,
        fetch: request,
        path,
      };
      for await (const file of listFiles(place)) {
        if (file.type === 'directory') inside.add(file.path);
        const entry = checked(file);
        if (entry !== undefined) found.set(entry.path, entry);
      }
      return inside;
    };
    const there = await list();
    for (const folder of folders)
      if (there.has(folder)) for (const inner of await list(folder)) there.add(inner);
    return found;
  });
}

/** A listed file whose name, size and hash are fit to make paths and checks of. */
function checked({ type, path, size, oid, lfs }: ListFileEntry): Entry | undefined {
  const hash = lfs?.oid ?? oid;
  const isSound =
    type === 'file' &&
    typeof path === 'string' &&
    /^\w[\w.-]*(\/\w[\w.-]*){0,3}$/.test(path) &&
    Number.isSafeInteger(lfs?.size ?? size) &&
    (lfs?.size ?? size) >= 0 &&
    typeof hash === 'string' &&
    /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash);
  return isSound ? { path, size: lfs?.size ?? size, hash } : undefined;
}

/** Refuses what would fill up the disk. */
async function requireSpace(id: HubId, folder: RepoFolder, wanted: readonly Entry[]): Promise<void> {
  let needed = 0;
  for (const { hash, size } of wanted) {
    const blob = folder.blob(hash);
    if ((await sizeOf(blob)) !== size) needed += size - ((await sizeOf(blob + INCOMPLETE)) ?? 0);
  }
  const { bavail, bsize } = await statfs(folder.path);
  if (bavail * bsize >= needed) return;
  const gb = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
  throw new UserError(
    `${shown(id)} takes ${gb(needed)} more, but only ${gb(bavail * bsize)} are free at ${folder.path}; HF_HOME moves the cache`,
  );
}

/** Makes an answer that is no JSON, or not the hub's, an error that says so. */
async function understood<T>(id: HubId, endpoint: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw strange(id, endpoint);
    throw error;
  }
}

function strange(id: HubId, endpoint: string): UserError {
  return new UserError(`${endpoint} does not answer as a Hugging Face hub does when asked for ${shown(id)}`);
}

/** A few names, for who has named the wrong repository. */
export function whatIsThere(listed: ReadonlyMap<string, Entry>): string {
  const names = [...listed.keys()];
  const gguf = names.filter((name) => name.endsWith('.gguf'));
  return gguf.length > 0
    ? `It has ${gguf.slice(0, 3).join(', ')}: download one and give its path`
    : `It has ${names.slice(0, 5).join(', ') || 'no files'}`;
}

/** An id as a user writes it. */
export function shown({ name, revision }: HubId): string {
  return revision === 'main' ? name : `${name}@${revision}`;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await ifThere(path, stat(path)))?.size;
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw notWritable(path, error as Error);
  }
}

function notWritable(path: string, { message }: Error): UserError {
  return new UserError({ file: path, message: `the cache cannot be written: ${message}` });
}
