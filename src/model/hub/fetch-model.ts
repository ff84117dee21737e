/** A model by its name: from the cache if it is there, else from the hub into the cache. */
import { mkdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type ListFileEntry, listFiles, modelInfo } from '@huggingface/hub';
import { withLock } from '../../../scripts/lock.mjs';
import { UserError } from '../../errors.ts';
import { isCompanion, isTokenizerFile, refuseAdapter, TEMPLATE_FOLDER } from '../companions.ts';
import { ifThere } from '../files/if-there.ts';
import { INDEX_FILE, readJson, SINGLE_FILE } from '../files/index.ts';
import {
  cachedCommit,
  hasTokenizer,
  linkBlob,
  type RepoFolder,
  repoFolder,
  shardsOf,
  snapshotState,
  writeRef,
} from './cache.ts';
import { type DownloadOptions, downloadFile, INCOMPLETE, isOfDisk } from './download.ts';
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
  /** Told what a model in the cache lacks and cannot get. */
  onWarning?: (text: string) => void;
}

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
  const hasWeights = known !== undefined && state !== 'partial';
  try {
    if (settings.offline) throw offline(id, settings, known !== undefined);
    return await intoCache(id, folder, settings, options, hasWeights ? known : undefined, wantedOfModel);
  } catch (error) {
    if (!hasWeights || !(error instanceof UserError)) throw error;
    // It served without until now.
    const { onWarning = () => {} } = options;
    const lacks = state === 'no tokenizer' ? 'a tokenizer' : 'its preprocessor_config.json';
    onWarning(
      `the cache has ${shown(id)} without ${lacks}, which checkpoints will lack, too: ${error.message}`,
    );
    return folder.snapshot(known);
  }
}

/**
 * The directory in the cache with the tokenizer of a model; its weights are not fetched. As `fetchModel`.
 *
 * @throws UserError when it is not there, has no tokenizer, may not be had, or does not arrive whole
 */
export async function fetchTokenizer(id: HubId, options: FetchOptions = {}): Promise<string> {
  const settings = hubSettings();
  const folder = repoFolder(settings.cacheDir, id);
  const known = await cachedCommit(folder, id.revision);
  if (known !== undefined && (await hasTokenizer(folder.snapshot(known)))) return folder.snapshot(known);
  if (settings.offline) throw offline(id, settings, false, 'the tokenizer of ');
  return intoCache(id, folder, settings, options, known, async (listed) => {
    const wanted = [...listed.values()].filter(({ path }) => isTokenizerFile(path));
    if (!listed.has('tokenizer.json') && !listed.has('tokenizer.model'))
      throw new UserError(`${shown(id)} has no tokenizer.json or tokenizer.model. ${whatIsThere(listed)}`);
    return wanted;
  });
}

type Get = (entry: Entry, onBytes: (bytes: number) => void) => Promise<void>;

/** Chooses what to fetch, of `listed`; may fetch what it must read for that. */
type Choice = (
  listed: ReadonlyMap<string, Entry>,
  id: HubId,
  snapshot: string,
  get: Get,
) => Promise<readonly Entry[]>;

/** The weights, config.json, and what goes with them. Never pickles: they are programs. */
const wantedOfModel: Choice = async (listed, id, snapshot, get) => {
  refuseAdapter(listed.keys(), shown(id));
  const config = listed.get('config.json');
  const [single, index] = [listed.get(SINGLE_FILE), listed.get(INDEX_FILE)];
  if (config === undefined || (single === undefined && index === undefined)) throw noModel(id, listed);
  const wanted = [config, ...[...listed.values()].filter(({ path }) => isCompanion(path))];
  if (single !== undefined) return [...wanted, single];
  await get(index!, () => {});
  return [...wanted, ...(await shardEntries(id, join(snapshot, INDEX_FILE), listed))];
};

/** Downloads into the cache under a lock, from `known` if that is given, else from the commit of the revision now. */
async function intoCache(
  id: HubId,
  folder: RepoFolder,
  settings: HubSettings,
  options: FetchOptions,
  known: string | undefined,
  choose: Choice,
): Promise<string> {
  await makeFolder(folder.path);
  try {
    // Ranks of one job and other programs of the user's may want the same model at the same time.
    return await withLock(join(folder.path, '.isogloss-lock'), () =>
      download(id, folder, settings, options, known, choose),
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
  choose: Choice,
): Promise<string> {
  const request = hubFetch(id, settings);
  const commit = known ?? (await commitOf(id, settings, request));
  const listed = await listing(id, commit, settings, request);
  const snapshot = folder.snapshot(commit);
  const get: Get = async ({ path, size, hash }, onBytes) => {
    const target = folder.blob(hash);
    if ((await sizeOf(target)) !== size) {
      const url = `${settings.endpoint}/${id.name}/resolve/${commit}/${path}`;
      const name = `${id.name}/${path}`;
      await downloadFile({ name, url, size, hash, target }, { fetch: request, onBytes, attempts, wait });
    }
    await linkBlob(target, join(snapshot, path));
  };
  const wanted = await choose(listed, id, snapshot, get);
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

function offline(id: HubId, { cacheDir }: HubSettings, isPart: boolean, what = ''): UserError {
  return new UserError(
    `${what}${shown(id)} is not in the cache (${cacheDir}) ${isPart ? 'as a whole ' : ''}and HF_HUB_OFFLINE is set`,
  );
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

/** The files beside each other at a commit, and those in the folder of chat templates. */
async function listing(
  id: HubId,
  commit: string,
  { endpoint }: HubSettings,
  request: typeof fetch,
): Promise<ReadonlyMap<string, Entry>> {
  return understood(id, endpoint, async () => {
    const found = new Map<string, Entry>();
    const list = async (path?: string) => {
      let hasTemplates = false;
      const place = { repo: id.name, revision: commit, hubUrl: endpoint, fetch: request, path };
      for await (const file of listFiles(place)) {
        hasTemplates ||= file.type === 'directory' && file.path === TEMPLATE_FOLDER;
        const entry = checked(file);
        if (entry !== undefined) found.set(entry.path, entry);
      }
      return hasTemplates;
    };
    if (await list()) await list(TEMPLATE_FOLDER);
    return found;
  });
}

/** A listed file whose name, size and hash are fit to make paths and checks of. */
function checked({ type, path, size, oid, lfs }: ListFileEntry): Entry | undefined {
  const hash = lfs?.oid ?? oid;
  const isSound =
    type === 'file' &&
    typeof path === 'string' &&
    (/^[\w][\w.-]*$/.test(path) || isTokenizerFile(path)) &&
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
  return new UserError(`${shown(id)} has no config.json with safetensors. ${whatIsThere(listed)}`);
}

function whatIsThere(listed: ReadonlyMap<string, Entry>): string {
  const names = [...listed.keys()];
  const gguf = names.filter((name) => name.endsWith('.gguf'));
  return gguf.length > 0
    ? `It has ${gguf.slice(0, 3).join(', ')}: download one and give its path`
    : `It has ${names.slice(0, 5).join(', ') || 'no files'}`;
}

function shown({ name, revision }: HubId): string {
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
