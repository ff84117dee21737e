/** A model by its name: from the cache if it is there, else from the hub into the cache. */
import { mkdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub';
import { withLock } from '../../../scripts/lock.mjs';
import { UserError } from '../../errors.ts';
import { INDEX_FILE, readJson, SINGLE_FILE } from '../files/index.ts';
import { TOKENIZER_FILES } from '../tokenizer/load.ts';
import {
  cachedCommit,
  linkBlob,
  type RepoFolder,
  repoFolder,
  shardsOf,
  snapshotState,
  writeRef,
} from './cache.ts';
import { type DownloadOptions, downloadFile, INCOMPLETE } from './download.ts';
import { type HubId, isCommit } from './id.ts';
import { hubFetch, Unreachable } from './request.ts';
import { type HubSettings, hubSettings } from './settings.ts';

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
}

/** What is wanted of a model beside its weights. Never pickles: they are programs. */
const SMALL = ['config.json', 'generation_config.json', ...TOKENIZER_FILES];

/** A file of the listing that is fit to be downloaded. */
interface Entry {
  path: string;
  size: number;
  hash: string;
}

/**
 * The directory of a model in Hugging Face's cache. What is in the cache is taken as it is, without a request: a run does
 * not change because somebody has uploaded something. Another state is had by its revision.
 *
 * @throws UserError when it is not there, may not be had, or does not arrive whole
 */
export async function fetchModel(id: HubId, options: FetchOptions = {}): Promise<string> {
  const settings = hubSettings();
  const folder = repoFolder(settings.cacheDir, id);
  const known = await cachedCommit(folder, id.revision);
  const state = known === undefined ? 'partial' : await snapshotState(folder.snapshot(known));
  if (known !== undefined && state === 'whole') return folder.snapshot(known);
  if (settings.offline) {
    if (known !== undefined && state === 'no tokenizer') return folder.snapshot(known);
    throw new UserError(
      `${shown(id)} is not in the cache (${settings.cacheDir}) ${known ? 'as a whole ' : ''}and HF_HUB_OFFLINE is set`,
    );
  }
  await makeFolder(folder.path);
  try {
    // Ranks of one job and other programs of the user's may want the same model at the same time.
    return await withLock(join(folder.path, '.isogloss-lock'), () => download(id, folder, settings, options));
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    if (known !== undefined && state === 'no tokenizer') return folder.snapshot(known);
    throw new UserError(`${shown(id)} is not in the cache, and ${error.message}`);
  }
}

async function download(
  id: HubId,
  folder: RepoFolder,
  settings: HubSettings,
  { onProgress = () => {}, attempts, wait }: FetchOptions,
): Promise<string> {
  const request = hubFetch(id, settings);
  const commit = await commitOf(id, settings, request);
  const listed = await listing(id, commit, settings, request);
  const snapshot = folder.snapshot(commit);
  const get = async ({ path, size, hash }: Entry, onBytes: (bytes: number) => void) => {
    const target = folder.blob(hash);
    if ((await sizeOf(target)) !== size) {
      const url = `${settings.endpoint}/${id.name}/resolve/${commit}/${path}`;
      const name = `${id.name}/${path}`;
      await downloadFile({ name, url, size, hash, target }, { fetch: request, onBytes, attempts, wait });
    }
    await linkBlob(target, join(snapshot, path));
  };
  const wanted = SMALL.flatMap((name) => listed.get(name) ?? []);
  const single = listed.get(SINGLE_FILE);
  if (single !== undefined) wanted.push(single);
  else {
    const index = listed.get(INDEX_FILE);
    if (index === undefined || !listed.has('config.json')) throw noModel(id, listed);
    await get(index, () => {});
    wanted.push(...(await shardEntries(id, join(snapshot, INDEX_FILE), listed)));
  }
  if (!listed.has('config.json')) throw noModel(id, listed);
  await requireSpace(id, folder, wanted);
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const entry of wanted) {
    await get(entry, (bytes) => onProgress({ name: id.name, done: done + bytes, total }));
    done += entry.size;
    onProgress({ name: id.name, done, total });
  }
  await writeRef(folder, id.revision, commit);
  return snapshot;
}

/** The commit that a revision stands for now. */
async function commitOf(id: HubId, { endpoint }: HubSettings, request: typeof fetch): Promise<string> {
  if (isCommit(id.revision)) return id.revision;
  const { sha } = await understood(id, endpoint, () =>
    modelInfo({
      name: id.name,
      revision: id.revision,
      hubUrl: endpoint,
      fetch: request,
      additionalFields: ['sha'],
    }),
  );
  if (typeof sha !== 'string' || !isCommit(sha)) throw strange(id, endpoint);
  return sha;
}

/** The files beside each other at a commit, those in folders left out. */
async function listing(
  id: HubId,
  commit: string,
  { endpoint }: HubSettings,
  request: typeof fetch,
): Promise<ReadonlyMap<string, Entry>> {
  return understood(id, endpoint, async () => {
    const found = new Map<string, Entry>();
    for await (const file of listFiles({
      repo: id.name,
      revision: commit,
      hubUrl: endpoint,
      fetch: request,
    })) {
      const entry = checked(file);
      if (entry !== undefined) found.set(entry.path, entry);
    }
    return found;
  });
}

/** A listed file whose name, size and hash are fit to make paths and checks of. */
function checked({ type, path, size, oid, lfs }: ListFileEntry): Entry | undefined {
  const hash = lfs?.oid ?? oid;
  const isSound =
    type === 'file' &&
    typeof path === 'string' &&
    /^[\w][\w.-]*$/.test(path) &&
    Number.isSafeInteger(lfs?.size ?? size) &&
    (lfs?.size ?? size) >= 0 &&
    typeof hash === 'string' &&
    /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash);
  return isSound ? { path, size: lfs?.size ?? size, hash } : undefined;
}

async function shardEntries(
  id: HubId,
  indexFile: string,
  listed: ReadonlyMap<string, Entry>,
): Promise<Entry[]> {
  const names = shardsOf(await readJson(indexFile));
  const missing = names.filter((name) => !listed.has(name));
  if (names.length === 0 || missing.length > 0) {
    const what = missing.length > 0 ? `names ${missing[0]}, which is not there` : 'names no files';
    throw new UserError(`${shown(id)}: its ${INDEX_FILE} ${what}`);
  }
  return names.map((name) => listed.get(name)!);
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

function noModel(id: HubId, listed: ReadonlyMap<string, Entry>): UserError {
  const names = [...listed.keys()];
  const gguf = names.filter((name) => name.endsWith('.gguf'));
  const instead =
    gguf.length > 0
      ? `It has ${gguf.slice(0, 3).join(', ')}: download one and give its path`
      : `It has ${names.slice(0, 5).join(', ') || 'no files'}`;
  return new UserError(`${shown(id)} has no config.json with safetensors. ${instead}`);
}

function shown({ name, revision }: HubId): string {
  return revision === 'main' ? name : `${name}@${revision}`;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new UserError({ file: path, message: `the cache cannot be written: ${(error as Error).message}` });
  }
}
