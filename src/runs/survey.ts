/** Which of a run's checkpoints can be gone on from: looked at before one is chosen, not after. */
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { openSafetensors } from '../model/files/index.ts';
import { checkGemma3, type Gemma3Config } from '../model/index.ts';
import { type Checkpoint, listCheckpoints, type TrainerState, trainerPaths } from './checkpoints.ts';
import { asUserError, isNotThere, listFolder } from './run-files.ts';
import { type RunRecord, readRecord } from './run-record.ts';

/** A checkpoint that is whole, with its state. */
export interface Whole {
  checkpoint: Checkpoint;
  state: TrainerState;
}

/** What lies in a run's folder of checkpoints. */
export interface Survey {
  /** Whole ones of this run, oldest first. */
  whole: Whole[];
  /** All others, oldest first, each with what is wrong with it. */
  others: { checkpoint: Checkpoint; reason: string }[];
}

/** How a survey is made. */
export interface SurveyOptions {
  /** What to do where none can be gone on from, for the error. */
  advice?: string;
  /** Throws a UserError if the optimizer's file is not what the state says; by default its header must match its size. */
  checkOptimizer?: (path: string, state: TrainerState, config: Gemma3Config) => Promise<void>;
}

/**
 * Looks at every checkpoint of a run: state, config, and the headers of weights and optimizer against their files.
 *
 * @throws UserError if there are some and none is both whole and this run's, or one cannot be read for another reason
 *   than that it is damaged (permissions, a failing disk): that one may be the newest.
 */
export async function surveyCheckpoints(
  runDir: string,
  record: RunRecord | undefined,
  { advice = 'mend one, or bring one back', checkOptimizer = checkFile }: SurveyOptions = {},
): Promise<Survey> {
  const survey: Survey = { whole: [], others: [] };
  let like: Belonging | undefined = record && {
    run_id: record.id,
    data_sha256: record.data_sha256,
    eval_data_sha256: record.eval_data_sha256,
    model_sha256: record.model.sha256,
  };
  for (const checkpoint of (await listCheckpoints(runDir)).reverse()) {
    const found = await inspect(checkpoint, checkOptimizer);
    const foreign = typeof found !== 'string' && like !== undefined && !isSameRun(found, like);
    if (typeof found === 'string') survey.others.unshift({ checkpoint, reason: `is damaged: ${found}` });
    else if (foreign) survey.others.unshift({ checkpoint, reason: 'is of another run' });
    else {
      survey.whole.unshift({ checkpoint, state: found });
      // Without run.json, the newest says which run this is.
      like ??= found;
    }
  }
  if (survey.whole.length > 0 || survey.others.length === 0) return survey;
  throw new UserError([
    ...survey.others.map(({ checkpoint, reason }) => ({ file: checkpoint.dir, message: reason })),
    { file: runDir, message: `there are checkpoints, and none of them can be gone on from; ${advice}` },
  ]);
}

/** The newest checkpoint of a run that is whole; `warn` hears of newer ones that are not. @throws as the survey. */
export async function newestCheckpoint(
  runDir: string,
  warn: (reason: string) => void,
): Promise<Whole | undefined> {
  const { whole, others } = await surveyCheckpoints(runDir, await readRecord(runDir));
  const newest = whole.at(-1);
  for (const { checkpoint, reason } of others)
    if (checkpoint.step > newest!.checkpoint.step) warn(`${checkpoint.dir} ${reason}; passed over`);
  return newest;
}

type Belonging = Pick<TrainerState, 'run_id' | 'data_sha256' | 'eval_data_sha256' | 'model_sha256'>;

/** By the run's id; by what it began with where an older version wrote one of the two. */
function isSameRun(a: Belonging, b: Belonging): boolean {
  if (a.run_id !== undefined && b.run_id !== undefined) return a.run_id === b.run_id;
  return (
    a.data_sha256 === b.data_sha256 &&
    a.eval_data_sha256 === b.eval_data_sha256 &&
    a.model_sha256 === b.model_sha256
  );
}

/** The state of a checkpoint, or what is damaged in it. */
async function inspect(
  { dir, step }: Checkpoint,
  checkOptimizer: NonNullable<SurveyOptions['checkOptimizer']>,
): Promise<TrainerState | string> {
  const paths = trainerPaths(dir);
  try {
    await requireReadable(dir, paths.folder);
    const state = JSON.parse(await readFile(paths.state, 'utf8')) as TrainerState;
    const wrong = stateDamage(state, step);
    if (wrong !== undefined) return `trainer/state.json ${wrong}`;
    const config = await checkGemma3(dir);
    await checkOptimizer(paths.optimizer, state, config);
    return state;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof Unreadable) throw error.cause;
    if (error instanceof UserError) return brief(error);
    if (error instanceof SyntaxError) return `trainer/state.json is not JSON: ${message}`;
    if (isNotThere(error) || code === 'EISDIR') return message;
    throw asUserError(error, dir, 'the checkpoint cannot be read');
  }
}

async function checkFile(path: string): Promise<void> {
  await (await openSafetensors(path)).close();
}

/** Something that is there and may not, or cannot, be read. */
class Unreadable extends Error {}

/** Permissions and failing disks are told from damage: passing over a checkpoint for them would lose it. */
async function requireReadable(...folders: string[]): Promise<void> {
  for (const folder of folders) {
    const names = await listFolder(folder).catch((cause) => {
      // A file, or a link to nothing, in place of the folder is damage like any other.
      if (/must be a folder/.test((cause as Error).message)) throw cause;
      throw new Unreadable('', { cause });
    });
    for (const name of names) {
      const path = join(folder, name);
      await access(path, constants.R_OK).catch((error) => {
        if (isNotThere(error)) return;
        throw new Unreadable('', { cause: asUserError(error, path, 'cannot be read') });
      });
    }
  }
}

/** The part of a recipe in `state.json` that decides what the optimizer's file holds. */
export interface SavedRecipe {
  train: {
    optimizer: { name: 'adamw' | 'adafactor'; bf16_weights: 'stochastic_rounding' | 'master_copy' };
    /** Runs of older versions trained all. */
    parameters?: 'all' | 'attention';
  };
  backend: { storage: string };
}

function stateDamage(state: TrainerState | null, step: number): string | undefined {
  if (typeof state !== 'object' || state === null) return 'is not an object';
  if (state.format !== 1) return `has format ${JSON.stringify(state.format)}, which is not known`;
  if (state.global_step !== step) return `is of step ${JSON.stringify(state.global_step)}`;
  const recipe = state.recipe as SavedRecipe | undefined;
  const missing = [
    typeof state.num_tokens === 'number' ? '' : 'num_tokens',
    typeof state.loss === 'number' ? '' : 'loss',
    typeof state.data_sha256 === 'string' ? '' : 'data_sha256',
    typeof state.model_sha256 === 'string' ? '' : 'model_sha256',
    ['adamw', 'adafactor'].includes(recipe?.train?.optimizer?.name ?? '') ? '' : 'recipe.train.optimizer',
    typeof recipe?.backend?.storage === 'string' ? '' : 'recipe.backend',
  ].filter((key) => key !== '');
  return missing.length > 0 ? `has no ${missing.join(', ')}` : undefined;
}

/** The first problem, to stand within a sentence; a cut file has one for every tensor. */
function brief({ problems }: UserError): string {
  const first = new UserError(problems[0]!).message.replace(/\.$/, '');
  return problems.length === 1 ? first : `${first} (and ${problems.length - 1} more)`;
}
