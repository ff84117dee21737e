/** What may change between a run and its resumption, and saying what did. */
import { UserError } from '../errors.ts';
import { type Recipe, snakeCase, withDefaults } from '../recipe/index.ts';
import type { TrainerState } from '../runs/checkpoints.ts';

/**
 * Keys that a resume may change: how far, how often to save, measure and print, how fast. Everything else decides what
 * the weights so far are, and would make one run out of two.
 */
const FREE = [
  'train.max_steps',
  'train.epochs',
  'train.micro_batch_size',
  'train.activation_checkpointing',
  'align.micro_batch_size',
  'eval_every',
  'eval',
  'checkpoint',
  'log',
  'backend',
];

/** Among those, what decides what weights are after all. */
const FIXED = ['backend.storage'];

/** Where things lie, not what they are: the data's hashes are compared instead. */
const PLACES = ['out', /^(data|align)\.(train|eval)(\.\d+)?\.path$/];

/** One key with two values. */
export interface Change {
  /** As in the recipe: `train.optimizer.lr`. */
  key: string;
  from: unknown;
  to: unknown;
}

/** Keys (snake case, dotted) whose values differ between two recipes as they are written. */
export function changes(from: unknown, to: unknown, prefix = ''): Change[] {
  if (!isObject(from) || !isObject(to)) {
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ key: prefix, from, to }];
  }
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  return keys.flatMap((key) => changes(from[key], to[key], prefix === '' ? key : `${prefix}.${key}`));
}

/** Does any of these keys change what a step computes bit by bit, though not what it means? */
export function changesRounding(list: readonly Change[]): boolean {
  return list.some(({ key }) =>
    /^backend\.|^(train|align)\.micro_batch_size$|^train\.activation_checkpointing$/.test(key),
  );
}

/** What the resumed run is about to use. */
export interface Present {
  recipe: Recipe;
  dataSha256: string;
  evalDataSha256: string | null;
  /** Of the weights to start from; undefined where a checkpoint brings them along. */
  modelSha256: string | undefined;
}

/** What a run began with, by its checkpoint or its `run.json`. */
type Began = Pick<TrainerState, 'recipe' | 'data_sha256' | 'eval_data_sha256'> & {
  model?: { sha256: string };
};

/**
 * Compares a checkpoint with what would go on from it; returns the allowed changes.
 *
 * @throws UserError naming each key that must not change, unless `force`: then `warn` hears of them.
 */
export function checkResume(
  state: Began,
  present: Present,
  force: boolean,
  warn: (text: string) => void,
): Change[] {
  const all = changes(withDefaults(state.recipe), snakeCase(present.recipe)).filter(
    ({ key }) => !matches(key, PLACES),
  );
  const refused = all
    .filter(({ key }) => !matches(key, FREE) || matches(key, FIXED))
    .map(({ key, from, to }) => `${key} was ${JSON.stringify(from)} and is now ${JSON.stringify(to)}`);
  if (state.data_sha256 !== present.dataSha256)
    refused.push('the training rows are not those that this run began with');
  if (state.eval_data_sha256 !== present.evalDataSha256) {
    refused.push('the held-out rows are not those that this run began with');
  }
  if (state.model && present.modelSha256 !== undefined && state.model.sha256 !== present.modelSha256) {
    refused.push('the model is not the one that this run began with');
  }
  if (refused.length > 0 && !force) {
    const advice =
      'a resumed run would no longer be the run it claims to be; start a new one, or insist with --force';
    throw new UserError([...refused.map((message) => ({ message })), { message: advice }]);
  }
  for (const change of refused) warn(`going on although ${change}`);
  return all;
}

function matches(key: string, patterns: readonly (string | RegExp)[]): boolean {
  return patterns.some((pattern) =>
    typeof pattern === 'string' ? key === pattern || key.startsWith(`${pattern}.`) : pattern.test(key),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
