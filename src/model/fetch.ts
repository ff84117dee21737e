/** A model by its name: from Hugging Face's cache if it is there, else from the hub into the cache. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import {
  type Choice,
  cachedCommit,
  type Entry,
  type FetchOptions,
  type HubId,
  hubSettings,
  intoCache,
  offline,
  repoFolder,
  shown,
  whatIsThere,
} from '../hub/index.ts';
import { ifThere } from '../if-there.ts';
import { isCompanion, isTokenizerFile, refuseAdapter, TEMPLATE_FOLDER } from './companions.ts';
import { isRecord } from './config-reader.ts';
import { INDEX_FILE, readJson, readJsonIfThere, SINGLE_FILE } from './files/index.ts';

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
    return await intoCache(id, folder, settings, options, hasWeights ? known : undefined, MODEL);
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
  return intoCache(id, folder, settings, options, known, TOKENIZER);
}

/** The weights, config.json, and what goes with them. Never pickles: they are programs. */
const MODEL: Choice = {
  folders: [TEMPLATE_FOLDER],
  async choose(listed, id, snapshot, get) {
    refuseAdapter(listed.keys(), shown(id));
    const config = listed.get('config.json');
    const [single, index] = [listed.get(SINGLE_FILE), listed.get(INDEX_FILE)];
    if (config === undefined || (single === undefined && index === undefined)) throw noModel(id, listed);
    const wanted = [config, ...[...listed.values()].filter(({ path }) => isCompanion(path))];
    if (single !== undefined) return [...wanted, single];
    await get(index!, () => {});
    return [...wanted, ...(await shardEntries(id, join(snapshot, INDEX_FILE), listed))];
  },
};

/** What a tokenizer is read from. */
const TOKENIZER: Choice = {
  folders: [TEMPLATE_FOLDER],
  async choose(listed, id) {
    if (!listed.has('tokenizer.json') && !listed.has('tokenizer.model'))
      throw new UserError(`${shown(id)} has no tokenizer.json or tokenizer.model. ${whatIsThere(listed)}`);
    return [...listed.values()].filter(({ path }) => isTokenizerFile(path));
  },
};

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

function noModel(id: HubId, listed: ReadonlyMap<string, Entry>): UserError {
  return new UserError(`${shown(id)} has no config.json with safetensors. ${whatIsThere(listed)}`);
}

/** What a snapshot has of a model: all that is needed, all but small files that belong to it, or less. */
export type SnapshotState = 'whole' | 'no tokenizer' | 'no processor' | 'partial';

/** @throws UserError when a file of it is there and cannot be read */
export async function snapshotState(dir: string): Promise<SnapshotState> {
  const has = (name: string) => isFile(join(dir, name));
  const config = await readJsonIfThere(join(dir, 'config.json'));
  if (config === undefined) return 'partial';
  if (!(await has(SINGLE_FILE))) {
    const shards = shardsOf(await readJsonIfThere(join(dir, INDEX_FILE)));
    if (shards.length === 0 || (await Promise.all(shards.map(has))).includes(false)) return 'partial';
  }
  if (!(await hasTokenizer(dir))) return 'no tokenizer';
  // Who loads only the text part of a multimodal model leaves these out, and a checkpoint is of no use without them.
  const needsProcessor = isRecord(config) && config.vision_config !== undefined;
  return !needsProcessor || (await has('preprocessor_config.json')) || (await has('processor_config.json'))
    ? 'whole'
    : 'no processor';
}

/** Is there a tokenizer in a snapshot? @throws as `snapshotState` */
export async function hasTokenizer(dir: string): Promise<boolean> {
  return (await isFile(join(dir, 'tokenizer.json'))) || (await isFile(join(dir, 'tokenizer.model')));
}

async function isFile(path: string): Promise<boolean> {
  return (await ifThere(path, stat(path)))?.isFile() ?? false;
}

/** File names that an index of shards names; none if it is no sound index. */
export function shardsOf(index: unknown): string[] {
  const map = isRecord(index) ? index.weight_map : undefined;
  return isRecord(map) ? [...new Set(Object.values(map).filter((name) => typeof name === 'string'))] : [];
}
