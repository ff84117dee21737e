/** A model's geometry from its tasks to its file: what `isogloss geometry` does. */
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
import { type BackendInfo, type BackendOptions, startBackend } from '../../backend/index.ts';
import { ENGLISH, languageOf } from '../../data/parallel/index.ts';
import { UserError } from '../../errors.ts';
import { templateSource } from '../../model/tokenizer/index.ts';
import { absolutePath } from '../../paths.ts';
import {
  breathe,
  exists,
  type FindProgress,
  findModel,
  Interrupted,
  type ModelSource,
  requireWritable,
  type StopRequest,
} from '../../runs/index.ts';
import type { TaskRequest } from '../ask.ts';
import { groupBy } from '../group.ts';
import type { Item } from '../item.ts';
import { canonicalJson, sha256 } from '../results/digest.ts';
import { tokenizerIdentity } from '../results/key.ts';
import { type PreparedItem, prepareItems } from '../scoring/prepare.ts';
import type { PromptName } from '../scoring/prompts.ts';
import { findTask } from '../tasks/index.ts';
import { type Comparable, requireComparable } from './compare.ts';
import { readGeometry, writeGeometry } from './file.ts';
import { type GeometryProgress, geometryOf, requireEnglish } from './geometry.ts';
import { GEOMETRY_FILE, type Geometry, type GeometryKind } from './schema.ts';
import type { ReadPosition } from './states.ts';

/** Whose geometry, and of which questions. */
export interface GeometryRequest {
  model: string;
  tokenizer?: string;
  universal: TaskRequest;
  cultural?: TaskRequest;
  /** ISO 639-1; empty: all that a task has. English is read as well. */
  languages: readonly string[];
  /** Items of each language but English at most; of English those that these are translated from. */
  limit: number | null;
  /** How questions are put: as the task says, unless told. */
  scoring?: 'letters' | 'text';
  prompt?: PromptName;
  chat: boolean;
  position: ReadPosition;
  seed: number;
  /** Folder of the file. */
  out: string;
  tokenBudget: number;
  backend: BackendOptions;
  /** One that it will be compared with: refused before the model is read if that cannot be. */
  against?: Comparable;
}

/** How it is watched and stopped. */
export interface MeasureOptions {
  cwd: string;
  progress: FindProgress;
  stop: StopRequest;
  onProgress?(at: GeometryProgress): void;
}

/** A task's questions as tokens. */
interface Ready {
  task: string;
  items: PreparedItem[];
  key: Record<string, unknown>;
}

/** Raised whenever the same model and questions would come to other figures than before. */
const GEOMETRY_VERSION = 1;

/**
 * Finds the geometry of a model and writes it. A file of the same model and questions is replaced.
 *
 * @returns the path of the file, and what is in it
 * @throws UserError for all that can be known to be wrong before weights are read, a file of another model or of other
 *   questions among it; Interrupted after a signal, when nothing is written
 */
export async function measureGeometry(
  request: GeometryRequest,
  { cwd, progress, stop, onProgress }: MeasureOptions,
): Promise<{ path: string; geometry: Geometry }> {
  const { position, seed, tokenBudget, against } = request;
  const warn = (text: string) => progress.message(text, 'warning');
  const source = await findModel({ path: request.model, tokenizer: request.tokenizer }, { cwd, progress });
  const universal = await readSet(request.universal, request, source, cwd, warn);
  const cultural = request.cultural && (await readSet(request.cultural, request, source, cwd, warn));
  const inputs = { universal, ...(cultural && { cultural }) };
  if (against !== undefined) requireComparable(against, planned(source, inputs, request));
  const dir = absolutePath(cwd, request.out);
  await requireWritable(dir, request.out);
  const weights = await source.identity({ message: (text) => progress.message(text) });
  const backend = await startBackend(request.backend, warn);
  const key = await keyOf(request, source, backend, weights, inputs);
  const identity = sha256(canonicalJson(key));
  await requireSame(dir, request.out, identity);
  const { model } = await source.load({});
  try {
    const figures = await geometryOf(model, inputs, {
      ...{ position, seed, tokenBudget },
      async between(at) {
        onProgress?.(at);
        await breathe();
        if (stop.signal === undefined) return;
        throw new Interrupted(stop.signal, 0, dir, `stopped by ${stop.signal}; nothing is written`);
      },
    });
    const geometry: Geometry = {
      ...{ format: 1, version: manifest.version, identity, key, model: request.model },
      ...figures,
    };
    return { path: await writeGeometry(dir, geometry, request.out), geometry };
  } finally {
    model.dispose();
  }
}

async function readSet(
  { name, path, options }: TaskRequest,
  { languages, limit, seed, chat, ...asked }: GeometryRequest,
  { tokenizer, config }: ModelSource,
  cwd: string,
  warn: (text: string) => void,
): Promise<Ready> {
  const task = findTask(name);
  const hasEnglish = languages.length === 0 || languages.some((one) => languageOf(one) === ENGLISH);
  const read = await task.read({
    ...(path === undefined ? {} : { path }),
    ...{ languages: hasEnglish ? languages : [ENGLISH, ...languages], cwd, seed, options },
  });
  for (const note of read.notes) warn(`${name}: ${note}`);
  requireEnglish(name, read.items);
  const scoring = asked.scoring ?? task.scoring;
  const prompt = asked.prompt ?? (scoring === 'letters' ? 'paper' : 'question');
  const { items } = prepareItems(
    someOf(read.items, limit),
    read.examples,
    tokenizer,
    { scoring, prompt, chat, shots: 0, unconditional: false },
    config.maxPositionEmbeddings,
  );
  const found = [...new Set(items.map(({ item }) => item.language))].sort();
  const key = {
    ...{ task: name, options: { ...options }, sources: read.sources.map(({ sha256: hash }) => hash).sort() },
    ...{ languages: found, limit, scoring, prompt, chat },
  };
  return { task: name, items, key };
}

/**
 * The first `limit` items of each language but English, and of English those that these are translated from: a task may have
 * its regions one after the other, each in English and in its own language, so that the first of all have nothing in common.
 */
export function someOf(items: readonly Item[], limit: number | null): Item[] {
  if (limit === null) return [...items];
  const others = items.filter(({ language }) => language !== ENGLISH);
  const kept = new Set(
    [...groupBy(others, ({ language }) => language).values()].flatMap((own) => own.slice(0, limit)),
  );
  const ids = new Set([...kept].map(({ id }) => id));
  return items.filter((item) => kept.has(item) || (item.language === ENGLISH && ids.has(item.id)));
}

function planned(
  { config }: ModelSource,
  inputs: Readonly<Partial<Record<GeometryKind, Ready>>>,
  { position, seed }: GeometryRequest,
): Comparable {
  const sets = Object.entries(inputs).map(([kind, { task, items }]) => [
    kind,
    { task, items: items.map(({ item: { id, language, cluster } }) => ({ id, language, cluster })) },
  ]);
  return { layers: config.numHiddenLayers, position, seed, sets: Object.fromEntries(sets) };
}

async function keyOf(
  { chat, position, seed }: GeometryRequest,
  { tokenizer }: ModelSource,
  { compute, storage }: BackendInfo,
  weights: string,
  inputs: Readonly<Partial<Record<GeometryKind, Ready>>>,
): Promise<Record<string, unknown>> {
  const template = chat ? createHash('sha256').update(templateSource(tokenizer)).digest('hex') : null;
  return {
    geometry_version: GEOMETRY_VERSION,
    ...{ weights, tokenizer: await tokenizerIdentity(tokenizer), chat_template: template },
    ...{ compute, storage, position, seed },
    sets: Object.fromEntries(Object.entries(inputs).map(([kind, { key }]) => [kind, key])),
  };
}

async function requireSame(dir: string, shown: string, identity: string): Promise<void> {
  if (!(await exists(join(dir, GEOMETRY_FILE)))) return;
  if (readGeometry(dir, shown).identity === identity) return;
  const message =
    'is of another model, or of other questions or settings; name another folder, or move it away';
  throw new UserError({ file: join(shown, GEOMETRY_FILE), message });
}

/** A folder for the geometry of a model, where none is named. */
export function defaultGeometryOut(model: string, tasks: readonly string[]): string {
  return `geometry/${basename(model).replaceAll(/[^\w.-]+/g, '_')}-${tasks.join('-')}`;
}
