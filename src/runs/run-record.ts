/** `run.json`: what a run was made with, for whoever has to tell two runs apart later. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import manifest from '../../package.json' with { type: 'json' };
import type { BackendInfo } from '../backend/index.ts';
import { UserError } from '../errors.ts';
import { countParameters, type Gemma3Config } from '../model/index.ts';
import { type Recipe, snakeCase } from '../recipe/index.ts';
import { asUserError, isNotThere, replaceFile, runPaths } from './run-files.ts';

/** A file or built-in set that rows came from. */
export interface DataSource {
  path: string;
  sha256: string;
  rows: number;
  use: 'train' | 'eval' | 'align_train' | 'align_eval' | 'eval_task';
}

/** Hashes of the encoded rows. */
export interface DataIdentity {
  dataSha256: string;
  /** null without held-out rows. */
  evalDataSha256: string | null;
}

/** The checkpoint that is best by a figure of the evaluations. */
export interface BestCheckpoint {
  metric: string;
  /** Which of its values is best. */
  is: 'highest' | 'lowest';
  step: number;
  value: number;
  /** Within the run's folder: `checkpoints/step-000500`. */
  checkpoint: string;
}

/** Snake case, as it is on disk. */
export interface RunRecord {
  format: 1;
  /** Drawn at the start: tells this run's checkpoints from another's. Runs of older versions have none. */
  id?: string;
  name: string;
  method: string;
  created: string;
  argv: string[];
  versions: Record<string, string>;
  backend: BackendInfo;
  seed: number;
  num_parameters: number;
  model: { path: string; sha256: string };
  data: DataSource[];
  /** SHA-256 over the encoded rows. */
  data_sha256: string;
  eval_data_sha256: string | null;
  /** The recipe of the start, as written. */
  recipe: unknown;
  /** Where the recipe names `checkpoint.best_metric`, after the first evaluation. */
  best?: BestCheckpoint;
  /** Each later start of the same run. */
  resumed: { time: string; argv: string[]; from_step: number; overrides: string[] }[];
}

/** The record of a run that begins now. */
export function newRecord(run: {
  recipe: Recipe;
  argv: readonly string[];
  backend: BackendInfo;
  source: { config: Gemma3Config };
  /** Identity of the weights that it begins with. */
  modelSha256: string;
  data: DataIdentity;
  sources: readonly DataSource[];
}): RunRecord {
  const { recipe, argv, backend, source, modelSha256, data, sources } = run;
  const torch: Record<string, string> = backend.torch === undefined ? {} : { torch: backend.torch };
  return {
    format: 1,
    id: randomBytes(8).toString('hex'),
    name: recipe.name,
    method: recipe.method,
    created: new Date().toISOString(),
    argv: [...argv],
    versions: { isogloss: manifest.version, node: process.versions.node, ...torch },
    backend,
    seed: recipe.seed,
    num_parameters: countParameters(source.config),
    model: { path: recipe.model.path, sha256: modelSha256 },
    data: [...sources],
    data_sha256: data.dataSha256,
    eval_data_sha256: data.evalDataSha256,
    recipe: snakeCase(recipe),
    resumed: [],
  };
}

export function writeRecord(runDir: string, record: RunRecord): Promise<void> {
  return replaceFile(runPaths(runDir).run, `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * The record, or undefined where there is none.
 *
 * @throws UserError if it is there and cannot be read: it holds what a resumption is compared with.
 */
export async function readRecord(runDir: string): Promise<RunRecord | undefined> {
  const file = runPaths(runDir).run;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw asUserError(error, file, 'cannot be read');
  }
  const reason = damage(text);
  if (reason === undefined) return JSON.parse(text) as RunRecord;
  const message = `is damaged: ${reason}; mend it, or move it away to have it made anew from the newest checkpoint`;
  throw new UserError({ file, message });
}

function damage(text: string): string | undefined {
  let record: Partial<RunRecord> | null;
  try {
    record = JSON.parse(text);
  } catch (error) {
    return (error as Error).message;
  }
  if (typeof record !== 'object' || record === null) return 'it is not an object';
  if (record.format !== 1) return `format must be 1, found ${JSON.stringify(record.format)}`;
  const missing = [
    typeof record.data_sha256 === 'string' ? '' : 'data_sha256',
    typeof record.model?.sha256 === 'string' ? '' : 'model.sha256',
    typeof record.backend?.name === 'string' ? '' : 'backend.name',
    typeof record.recipe === 'object' && record.recipe !== null ? '' : 'recipe',
    Array.isArray(record.resumed) ? '' : 'resumed',
  ].filter((key) => key !== '');
  return missing.length > 0 ? `it has no ${missing.join(', ')}` : undefined;
}
