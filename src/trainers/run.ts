/** Starting a run and resuming one: what the command line calls. */
import { join } from 'node:path';
import { type BackendInfo, type BackendOptions, slowness, startBackend } from '../backend/index.ts';
import { UserError } from '../errors.ts';
import type { AskedTask } from '../eval/ask.ts';
import { checkQuestions } from '../eval/from-recipe.ts';
import { countParameters } from '../model/index.ts';
import { absolutePath } from '../paths.ts';
import { parseRecipe, type Recipe, recipeYaml, snakeCase, withAbsolutePaths } from '../recipe/index.ts';
import {
  exists,
  findRecipeModel,
  type Lock,
  lastMetricsStep,
  listFolder,
  type ModelSource,
  makeRunFolder,
  modelOnDisk,
  newRecord,
  type RunRecord,
  readRecord,
  removeTemporaries,
  replaceFile,
  requireNewRun,
  requireSpace,
  requireWritable,
  runPaths,
  type StopRequest,
  type Survey,
  setAside,
  surveyCheckpoints,
  takeLock,
  writeRecord,
} from '../runs/index.ts';
import { requireFigure } from './best.ts';
import { asChatModel } from './chat-model.ts';
import { checkOptimizer } from './check-optimizer.ts';
import type { TextRows, TokenRows } from './method.ts';
import { readRows } from './methods.ts';
import { optimizerBytes } from './optimizers/index.ts';
import { type ProgressSink, silent, type TrainResult } from './progress.ts';
import { changesRounding, checkResume } from './resume-rules.ts';
import { type Session, trainSession } from './session.ts';
import { totalSteps } from './steps.ts';
import { askDuringTraining, taskFigures, taskSources } from './task-measure.ts';

/** How a run is watched and stopped. */
export interface RunOptions {
  progress?: ProgressSink;
  /** Directory that relative paths start from. */
  cwd?: string;
  /** The command line, for `run.json`. */
  argv?: readonly string[];
  /** Asked between micro-batches whether to stop; SIGINT, SIGTERM and SIGHUP of the process if left out. */
  stop?: StopRequest;
}

/** Options of a resumption. */
export interface ResumeOptions extends RunOptions {
  /** Go on even if the recipe or the data is no longer what the run began with. */
  force?: boolean;
  /** Begin at step 0; what is there of checkpoints and metrics is moved to `set-aside/`. */
  restart?: boolean;
}

/**
 * Runs a recipe from its first step to its last.
 *
 * What can be known to be wrong (recipe, run folder, data, model, tokenizer, disk space) is found before weights are
 * read and before anything is written.
 *
 * @throws UserError; Interrupted after a signal, when the run has been saved.
 */
export async function train(recipe: Recipe, options: RunOptions = {}): Promise<TrainResult> {
  const { progress = silent, cwd = process.cwd(), argv = process.argv } = options;
  const shown = recipe.out;
  const resolved = withAbsolutePaths(recipe, cwd);
  const runDir = absolutePath(cwd, recipe.out);
  await requireNewRun(runDir, shown);
  const rows = await readRows(recipe, cwd);
  const source = trainedSource(await findRecipeModel(recipe, { cwd, progress }), rows);
  const data = rows.encode(source, warner(progress));
  const asked = await askFor(recipe, source, data, cwd, progress);
  await requireSpace(runDir, checkpointBytes(recipe, source), 'a checkpoint of this model');
  const modelSha256 = await source.identity({ message: (text) => progress.message(text) });
  const backend = await startBackend(recipe.backend, warner(progress));
  await makeRunFolder(runDir, shown);
  return locked(await takeLock(runPaths(runDir).lock, shown), async () => {
    // Somebody may have started here since the first look.
    await requireNewRun(runDir, shown);
    const record = newRecord({
      ...{ recipe: resolved, argv, backend, source, modelSha256 },
      ...{ data, sources: [...rows.sources, ...taskSources(asked)] },
    });
    // In this order: killed in between, the folder holds a run that can be resumed.
    await replaceFile(runPaths(runDir).recipe, recipeYaml(resolved));
    await writeRecord(runDir, record);
    return trainSession({
      recipe: resolved,
      runDir,
      shown,
      source,
      data,
      backend,
      record,
      progress,
      stop: options.stop,
      firstSource: async () => source,
      own: [],
      asked,
    });
  });
}

/**
 * Goes on with a run from its newest whole checkpoint (from the start if none was ever saved), with the recipe it was started
 * with and `overrides` of what may change (`train.max_steps=2000`).
 *
 * Weights and metrics become those of a run that was never stopped, bit by bit, on the same backend and threads.
 *
 * @throws UserError if there is no run, it is being trained, none of its checkpoints can be read, or the recipe or the data changed in what makes it this
 *   run; Interrupted after a signal.
 */
export async function resumeRun(
  dir: string,
  overrides: readonly string[] = [],
  options: ResumeOptions = {},
): Promise<TrainResult> {
  const { progress = silent, cwd = process.cwd(), argv = process.argv } = options;
  const { force = false, restart = false } = options;
  const runDir = absolutePath(cwd, dir);
  const warn = warner(progress);
  const paths = runPaths(runDir);
  if (!(await exists(paths.recipe))) {
    throw new UserError({
      file: dir,
      message: 'there is no run in this folder: it has no recipe.resolved.yaml',
    });
  }
  await requireWritable(runDir, dir);
  const recipe = {
    ...withAbsolutePaths(parseRecipe(paths.recipe, overrides, checkQuestions), cwd),
    out: runDir,
  };
  return locked(await takeLock(paths.lock, dir), async () => {
    await removeTemporaries(runDir);
    const record = await readRecord(runDir);
    const survey = restart
      ? NOTHING
      : await surveyCheckpoints(runDir, record, { advice: ADVICE, checkOptimizer });
    if (survey.whole.length === 0 && !restart) await requireNeverSaved(runDir, dir, record);
    const found = survey.whole.at(-1);
    const rows = await readRows(recipe, cwd);
    const start = found
      ? await modelOnDisk(found.checkpoint.dir, found.checkpoint.dir)
      : await findRecipeModel(recipe, { cwd, progress });
    const source = trainedSource(start, rows);
    const data = rows.encode(source, warn);
    const asked = await askFor(recipe, source, data, cwd, progress);
    const began = found?.state ?? record;
    // A checkpoint brings its weights along.
    const modelSha256 = found
      ? found.state.model_sha256
      : await source.identity({
          like: record?.model.sha256,
          message: (text) => progress.message(text),
        });
    if (began !== undefined) {
      const present = {
        recipe,
        dataSha256: data.dataSha256,
        evalDataSha256: data.evalDataSha256,
        modelSha256: found ? undefined : modelSha256,
      };
      const changed = checkResume(began, present, force, warn);
      for (const { key, from, to } of changed) progress.message(`${key}: ${show(from)} -> ${show(to)}`);
      if (changesRounding(changed))
        warn('results may differ in the last bits from those of the run left as it was');
    }
    const done = found?.state.global_step ?? 0;
    const total = totalSteps(recipe, data.stepsPerEpoch);
    if (done > total)
      throw new UserError({ file: dir, message: `the run has done ${done} steps, more than ${total}` });
    if (done === total) warn(`all ${total} steps are done; raise train.max_steps or train.epochs to go on`);
    await requireSpace(runDir, checkpointBytes(recipe, source), 'a checkpoint of this model');
    const backend = await startBackend(asBefore(recipe.backend, record?.backend), warn);
    if (record !== undefined && recipe.backend.name === 'auto') warnOfSlowness(backend.name, warn);
    const made =
      record ??
      newRecord({
        recipe,
        argv,
        backend,
        source,
        modelSha256,
        data,
        sources: [...rows.sources, ...taskSources(asked)],
      });
    // The best checkpoint may be among those that are set aside now.
    if (!survey.whole.some(({ checkpoint }) => checkpoint.step === made.best?.step)) delete made.best;
    // Forced, it begins with another model: what is kept of the one before (reference log-probs) is not of this one.
    if (!found) made.model.sha256 = modelSha256;
    if (record === undefined) {
      warn('run.json is not there: made anew');
      // The checkpoints say which run it was.
      if (found) Object.assign(made, { id: found.state.run_id });
    }
    await clear(runDir, survey, restart, warn);
    if (restart) warn('told to restart: starts again at step 0');
    else if (!found) warn('no checkpoint was saved yet: starts again at step 0');
    const time = new Date().toISOString();
    made.resumed.push({ time, argv: [...argv], from_step: done, overrides: [...overrides] });
    await writeRecord(runDir, made);
    await replaceFile(paths.recipe, recipeYaml(recipe));
    const session: Session = {
      recipe,
      runDir,
      shown: dir,
      source,
      data,
      backend,
      record: made,
      progress,
      stop: options.stop,
      firstSource: async () => (found ? findRecipeModel(recipe, { cwd, progress }) : source),
      own: survey.whole.map(({ checkpoint }) => checkpoint),
      asked,
    };
    return trainSession(session, found);
  });
}

/** Questions of the recipe. @throws UserError also if what is best is to be told by what nothing measures */
async function askFor(
  recipe: Recipe,
  source: ModelSource,
  { figures }: Pick<TokenRows, 'figures'>,
  cwd: string,
  progress: ProgressSink,
): Promise<AskedTask[]> {
  const asked = await askDuringTraining(recipe, source, cwd, (text, level) => progress.message(text, level));
  requireFigure(recipe, { names: figures, exact: asked.flatMap(taskFigures) });
  return asked;
}

/** The source as its checkpoints are to be: a model of chats if it is trained on any. */
function trainedSource(source: ModelSource, { hasChats }: TextRows): ModelSource {
  return hasChats ? asChatModel(source) : source;
}

const NOTHING: Survey = { whole: [], others: [] };
const ADVICE =
  'bring one back, or start again at step 0 with --restart (checkpoints and metrics are then moved to set-aside/)';

/** Without any checkpoint a run may begin again only if none was saved: those that were may lie on another disk. */
async function requireNeverSaved(runDir: string, dir: string, record: RunRecord | undefined): Promise<void> {
  const { recipe, metrics } = runPaths(runDir);
  const { every } = parseRecipe(recipe).checkpoint;
  const last = await lastMetricsStep(metrics);
  const resumed = record?.resumed.at(-1)?.from_step ?? 0;
  // A step after the one that is saved is begun only when that one is on disk.
  const was = resumed > 0 ? resumed : every !== null && last > every ? every : undefined;
  if (was === undefined) return;
  const message = `the run had a checkpoint of step ${was}, and now has none at all`;
  throw new UserError({ file: dir, message: `${message}; ${ADVICE}` });
}

/**
 * Leaves in `checkpoints/` only what the run goes on from: a damaged checkpoint or one of another run must neither be
 * taken for the newest later, nor be lost when its step comes again.
 */
async function clear(
  runDir: string,
  { others }: Survey,
  restart: boolean,
  warn: (text: string) => void,
): Promise<void> {
  for (const { checkpoint, reason } of others)
    warn(`${checkpoint.dir} ${reason}; moved to ${await setAside(runDir, checkpoint.dir)}`);
  if (!restart) return;
  const { checkpoints, metrics } = runPaths(runDir);
  const left = (await listFolder(checkpoints)).map((name) => join(checkpoints, name));
  if (await exists(metrics)) left.push(metrics);
  for (const path of left) warn(`${path} moved to ${await setAside(runDir, path)}`);
}

async function locked<T>(lock: Lock, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** About the size of one: weights and the optimizer's state. */
function checkpointBytes({ train, backend }: Recipe, { config }: ModelSource): number {
  const bf16 = backend.storage === 'bfloat16';
  const parameters = countParameters(config);
  return (bf16 ? 2 : 4) * parameters + optimizerBytes(train.optimizer, parameters, bf16);
}

function warner(progress: ProgressSink): (text: string) => void {
  return (text) => progress.message(text, 'warning');
}

const show = (value: unknown): string => JSON.stringify(snakeCase(value)) ?? 'nothing';

/**
 * What the recipe leaves to the machine is what the run was started with: another compute type, library or number of
 * threads rounds otherwise, and the resumed run would not end with the same bits.
 */
function asBefore(options: Recipe['backend'], before: BackendInfo | undefined): BackendOptions {
  // Another backend was asked for now: what the one before took (threads, number type) says nothing about it.
  if (before === undefined || (options.name !== 'auto' && options.name !== before.name)) return options;
  const torch = before.name === 'torch';
  return {
    ...options,
    name: options.name === 'auto' ? (before.name as BackendOptions['name']) : options.name,
    compute: options.compute === 'auto' ? before.compute : options.compute,
    threads: options.threads ?? before.threads,
    device: options.device === 'auto' ? before.device : options.device,
    ...(torch
      ? { matmul: before.matmul as BackendOptions['matmul'], transposes: before.transposes === true }
      : {}),
  };
}

/** A run that began without torch goes on without it, also where there is one by now. */
function warnOfSlowness(backend: string, warn: (text: string) => void): void {
  const slow = slowness(backend);
  if (slow === undefined) return;
  warn(
    `${backend} computes, ${slow}, as the run began with it; \`isogloss setup\` gets torch, backend.name=torch takes it`,
  );
}
