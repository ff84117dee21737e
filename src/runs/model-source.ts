/** The model a run or a command starts from: found and checked before its weights are read. */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import { UserError } from '../errors.ts';
import { type DownloadProgress, type FetchOptions, type HubId, parseHubId } from '../hub/index.ts';
import { ifThere } from '../if-there.ts';
import { readCompanions, readTemplates, refuseAdapter } from '../model/companions.ts';
import { fetchModel, fetchTokenizer } from '../model/fetch.ts';
import {
  type Carried,
  checkGemma3,
  createGemma3,
  type Gemma3,
  type Gemma3Config,
  type Gemma3Options,
  isGguf,
  loadGemma3,
  NOTHING_CARRIED,
  openCarried,
  presetConfig,
} from '../model/index.ts';
import { loadTokenizer, type Tokenizer } from '../model/tokenizer/index.ts';
import { absolutePath, packageRoot } from '../paths.ts';
import type { Recipe } from '../recipe/index.ts';
import { exists, runPaths } from './run-files.ts';
import { newestCheckpoint } from './survey.ts';
import { type IdentityOptions, weightsIdentity } from './weights-identity.ts';

/** The model that needs no files: random weights and the tokenizer that ships with the project. */
const TINY = 'tiny';

/** A model that has been found, its weights not yet read. */
export interface ModelSource {
  config: Gemma3Config;
  tokenizer: Tokenizer;
  /**
   * Identifies the weights, by all of their bytes (`weightsIdentity`): asked for only where it decides something, as a
   * large model takes seconds the first time.
   */
  identity(options?: IdentityOptions): Promise<string>;
  /** Small files that go into every checkpoint beside weights and config. */
  files: ReadonlyMap<string, Uint8Array>;
  /** Ids that end a text, written into config.json beside those that it has. */
  extraEosIds?: readonly number[];
  load(options: Gemma3Options): Promise<{ model: Gemma3; prefix: string }>;
  /** What goes into every checkpoint beside the decoder; the caller closes it. */
  carried(): Promise<Carried>;
}

/** Which model. */
export interface ModelName {
  /** A Hugging Face directory, a `.gguf` file, a run folder, an id of the hub (`org/name`, `org/name@revision`), or `tiny`. */
  path: string;
  /** Another tokenizer: a directory or file, or an id of the hub. */
  tokenizer?: string | null;
  /** Of random weights. */
  seed?: number;
}

export interface FindOptions {
  /** Directory that relative paths start from. */
  cwd: string;
  progress?: FindProgress;
}

/** Told of a download, and of what is passed over on the way. */
export interface FindProgress {
  downloading(progress: DownloadProgress): void;
  message(text: string, level?: 'info' | 'warning'): void;
}

const silent: FindProgress = { downloading() {}, message() {} };

/** Finds `recipe.model`; as `findModel`. */
export function findRecipeModel(recipe: Recipe, options: FindOptions): Promise<ModelSource> {
  return findModel({ ...recipe.model, seed: recipe.seed }, options);
}

/**
 * Finds a model.
 *
 * @throws UserError if it is not there, is not a Gemma 3, or has no tokenizer.
 */
export async function findModel(
  name: ModelName,
  { cwd, progress = silent }: FindOptions,
): Promise<ModelSource> {
  const tokenizer = name.tokenizer ? await findTokenizer(name.tokenizer, { cwd, progress }) : undefined;
  if (name.path === TINY) return tinyModel(name.seed ?? 0, tokenizer);
  const path = absolutePath(cwd, name.path);
  const found = await statIfThere(path, name.path);
  if (found === undefined) {
    const dir = await fetchModel(await idOf(name.path, path, 'model', ALLOWED), fromHub(progress));
    return modelOnDisk(dir, name.path, tokenizer);
  }
  const isRun =
    found.isDirectory() &&
    !(await exists(join(path, 'config.json'))) &&
    (await exists(runPaths(path).recipe));
  if (!isRun) return modelOnDisk(path, name.path, tokenizer);
  const newest = await newestCheckpoint(path, (text) => progress.message(text, 'warning'));
  if (newest === undefined)
    throw new UserError({ file: name.path, message: 'the run has no checkpoint yet' });
  return modelOnDisk(newest.checkpoint.dir, newest.checkpoint.dir, tokenizer);
}

/** Directory or file of a tokenizer that is named by itself. @throws UserError if there is none */
async function findTokenizer(name: string, { cwd, progress = silent }: FindOptions): Promise<string> {
  const path = absolutePath(cwd, name);
  if ((await statIfThere(path, name)) !== undefined) return path;
  return fetchTokenizer(await idOf(name, path, 'tokenizer', TOKENIZER_ALLOWED), fromHub(progress));
}

function fromHub(progress: FindProgress): FetchOptions {
  return {
    onProgress: (download) => progress.downloading(download),
    onWarning: (text) => progress.message(text, 'warning'),
  };
}

/** The id of the hub that a path which leads nowhere spells. @throws UserError if it can hardly be meant as one */
async function idOf(shown: string, path: string, what: string, allowed: string): Promise<HubId> {
  const id = parseHubId(shown);
  const near = await nearestBeside(shown, path);
  // `runs/lba` beside `runs/lab` is a slip, and no question for the hub; with `@revision` it can only be an id.
  if (id === undefined || (near !== undefined && !shown.includes('@')))
    throw notThere(shown, near, id, what, allowed);
  return id;
}

/** What a path leads to, if anything; a path through a file leads nowhere. */
async function statIfThere(path: string, shown: string): Promise<Stats | undefined> {
  const found = stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  return ifThere(shown, found);
}

async function tinyModel(seed: number, tokenizerPath: string | undefined): Promise<ModelSource> {
  const config = presetConfig(TINY);
  const tokenizer = await loadTokenizer(tokenizerPath ?? join(packageRoot(), 'data', 'tiny'));
  // No file is read, and none ever was: one form for the runs of all versions.
  const sha256 = createHash('sha256')
    .update(JSON.stringify([config.raw, seed]))
    .digest('hex');
  return {
    config,
    tokenizer,
    identity: async () => sha256,
    files: withGenerationConfig(await filesOf(tokenizer), config),
    load: async (options) => ({ model: createGemma3(config, seed, options), prefix: 'model.' }),
    carried: async () => NOTHING_CARRIED,
  };
}

/** A model in a Hugging Face directory or a GGUF file; `shown` is the path as the user wrote it. */
export async function modelOnDisk(path: string, shown: string, tokenizerPath?: string): Promise<ModelSource> {
  const isDirectory = (await stat(path)).isDirectory();
  if (!isDirectory && !isGguf(path)) {
    throw new UserError({ file: shown, message: `is neither a directory nor a .gguf file; ${ALLOWED}` });
  }
  if (isDirectory) refuseAdapter(await readdir(path), shown);
  // Before anything is written: a damaged file is found out now, not after the run folder is made.
  const config = await checkGemma3(path);
  const tokenizer = await loadTokenizer(path, { tokenizer: tokenizerPath });
  const beside = isDirectory ? await readCompanions(path) : [];
  const files = new Map([...beside, ...(await filesOf(tokenizer))]);
  return {
    config,
    tokenizer,
    identity: (options) => weightsIdentity(path, options),
    files: withGenerationConfig(files, config),
    load: (options) => loadGemma3(path, options),
    carried: () => openCarried(path),
  };
}

/** Files of a tokenizer, wherever it comes from. */
async function filesOf(tokenizer: Tokenizer): Promise<ReadonlyMap<string, Uint8Array>> {
  const templates = isGguf(tokenizer.path) ? [] : await readTemplates(dirname(tokenizer.path));
  return new Map([...(await tokenizer.files()), ...templates]);
}

const TOKENIZER_ALLOWED =
  'a tokenizer is a directory with tokenizer.json or tokenizer.model, such a file itself, a .gguf file, or an id of the hub (google/gemma-3-270m)';

const ALLOWED = `a model is a Hugging Face directory, a .gguf file, the folder of a run, an id of the hub (google/gemma-3-270m), or ${TINY}`;

/** The name in the same folder that is nearest to a path that leads nowhere. */
async function nearestBeside(shown: string, path: string): Promise<string | undefined> {
  const beside = (await readdir(dirname(path)).catch(() => [])).filter((name) => !name.startsWith('.'));
  const near = beside.length > 0 ? closest(basename(path), beside) : undefined;
  return near !== undefined && distance(near, basename(path)) <= 2 ? join(dirname(shown), near) : undefined;
}

function notThere(
  shown: string,
  hint: string | undefined,
  id: HubId | undefined,
  what: string,
  allowed: string,
): UserError {
  const asId = id === undefined ? '' : `; as an id of the hub, write ${id.name}@${id.revision}`;
  return new UserError({ file: shown, message: `there is no such ${what}; ${allowed}${asId}`, hint });
}

/** transformers takes what ends a text from generation_config.json: models that came without get one of their ids. */
function withGenerationConfig(
  files: ReadonlyMap<string, Uint8Array>,
  { bosTokenId, eosTokenIds, padTokenId }: Gemma3Config,
): ReadonlyMap<string, Uint8Array> {
  if (files.has('generation_config.json')) return files;
  const json = { bos_token_id: bosTokenId, eos_token_id: eosTokenIds, pad_token_id: padTokenId };
  return new Map([...files, ['generation_config.json', Buffer.from(`${JSON.stringify(json, null, 2)}\n`)]]);
}
