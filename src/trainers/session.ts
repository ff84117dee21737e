/** One process's part of a run: weights and optimizer in memory, the loop over them, checkpoints on disk. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BackendInfo, memoryInfo, resetPeakMemory } from '../backend/index.ts';
import type * as tf from '../backend/tfjs.ts';
import { UserError } from '../errors.ts';
import type { AskedTask } from '../eval/ask.ts';
import { type Carried, type Gemma3, type Gemma3Options, saveGemma3 } from '../model/index.ts';
import { type Recipe, snakeCase } from '../recipe/index.ts';
import {
  asUserError,
  type BestCheckpoint,
  type Checkpoint,
  checkpointName,
  Interrupted,
  type MetricsLog,
  type ModelSource,
  openMetrics,
  pruneCheckpoints,
  type RunRecord,
  runPaths,
  type Standing,
  type StopRequest,
  stopMessage,
  type TrainerState,
  trainerPaths,
  watchSignals,
  writeCheckpoint,
  writeRecord,
} from '../runs/index.ts';
import { type BestBy, bestBy, bestOf } from './best.ts';
import { type LoopResult, type Position, runLoop } from './loop.ts';
import type { Method, TokenRows } from './method.ts';
import { createOptimizer, loadState, type Optimizer, saveState } from './optimizers/index.ts';
import type { ProgressSink, TrainResult } from './progress.ts';
import { constantWithWarmup, linearWithWarmup, warmupSteps } from './schedule.ts';
import { totalSteps } from './steps.ts';
import { taskMeasure } from './task-measure.ts';
import { trainedParameters } from './trained.ts';

/** Everything a run needs, found and checked. */
export interface Session {
  recipe: Recipe;
  /** Absolute. */
  runDir: string;
  /** The run folder as the user wrote it. */
  shown: string;
  source: ModelSource;
  data: TokenRows;
  backend: BackendInfo;
  record: RunRecord;
  progress: ProgressSink;
  stop: StopRequest | undefined;
  /** The model that the run began with: where `source` is a checkpoint, another. */
  firstSource(): Promise<ModelSource>;
  /** Whole checkpoints of this run that are on disk, for pruning. */
  own: Checkpoint[];
  /** Questions that the model is asked while it is trained. */
  asked: readonly AskedTask[];
}

/**
 * Trains to the end, from a checkpoint if one is given. The run's lock is held by the caller.
 *
 * @throws Interrupted when stopped; UserError when the disk fills up or training diverges.
 */
export async function trainSession(
  session: Session,
  resumed?: { checkpoint: Checkpoint; state: TrainerState },
): Promise<TrainResult> {
  try {
    return await runSession(session, resumed);
  } catch (error) {
    throw asUserError(error, session.shown, 'the run cannot go on');
  }
}

async function runSession(
  session: Session,
  resumed: { checkpoint: Checkpoint; state: TrainerState } | undefined,
): Promise<TrainResult> {
  const { recipe, runDir, source, data, progress, record } = session;
  const { train } = recipe;
  const started = performance.now();
  const { model, prefix } = await source.load(modelOptions(recipe));
  const carried = await source.carried();
  const from: Position = resumed
    ? { step: resumed.state.global_step, numTokens: resumed.state.num_tokens, loss: resumed.state.loss }
    : { step: 0, numTokens: 0, loss: Number.NaN };
  const total = totalSteps(recipe, data.stepsPerEpoch);
  const by = bestBy(recipe);
  const standing: Standing = { step: from.step, saved: from.step };
  const signals =
    session.stop === undefined
      ? watchSignals((name) => progress.message(stopMessage(name, standing)))
      : undefined;
  const stop = session.stop ?? signals!;
  resetPeakMemory();
  const open: { dispose(): void }[] = [model];
  let result: LoopResult;
  let metrics: MetricsLog | undefined;
  let peakBytes: number;
  try {
    const begun = await data.begin({
      ...{ model, runDir, step: from.step, modelSha256: record.model.sha256, progress, stop },
      backend: session.backend,
      firstModel: () => loadFirstModel(session),
    });
    const method: Method = {
      ...begun,
      measures: () => [
        ...begun.measures(),
        ...session.asked.map((asked) => taskMeasure(model, asked, recipe.eval)),
      ],
    };
    const own = method.own ?? new Map<string, tf.Variable>();
    open.push(...own.values());
    const parameters = new Map([...trainedParameters(recipe, model.parameters), ...own]);
    const optimizer = createOptimizer(train.optimizer, parameters, recipe.seed);
    open.push(...optimizer.state.values());
    if (resumed) {
      const paths = trainerPaths(resumed.checkpoint.dir);
      await loadState(optimizer.state, paths.optimizer);
      if (own.size > 0) await loadState(own, paths.own);
      for (const name of optimizer.updates.keys())
        optimizer.updates.set(name, resumed.state.updates?.[name] ?? from.step);
    }
    metrics = await openMetrics(runPaths(runDir).metrics, from.step, (text) =>
      progress.message(text, 'warning'),
    );
    progress.start({
      name: recipe.name,
      method: recipe.method,
      runDir,
      startStep: from.step,
      totalSteps: total,
      stepsPerEpoch: method.stepsPerEpoch,
      trainExamples: data.trainExamples,
      evalExamples: data.evalExamples,
      numParameters: record.num_parameters,
      backend: describe(session.backend),
      shown: method.shown,
      logEvery: recipe.log.every,
    });
    result = await runLoop(
      {
        method,
        parameters,
        optimizer,
        learningRate: (step) => learningRate(recipe, step, total),
        maxGradNorm: train.maxGradNorm,
        totalSteps: total,
        evalEvery: recipe.evalEvery,
        saveEvery: recipe.checkpoint.every,
        metrics,
        progress,
        stop,
        standing,
        ...(by === undefined
          ? {}
          : { keepBest: (step, saved) => keepBest(session, by, metrics!.evaluated, step, saved) }),
        save: (position) =>
          save(session, { model, prefix, carried, optimizer, own }, position, total, method.stepsPerEpoch),
      },
      from,
    );
    peakBytes = memoryInfo().peakBytes;
  } finally {
    signals?.dispose();
    metrics?.close();
    await carried.close();
    for (const held of open) held.dispose();
  }
  if (result.stopped) throw new Interrupted(stop.signal!, result.step, runDir);
  const { best } = record;
  const outcome: TrainResult = {
    runDir,
    checkpoint: join(runPaths(runDir).checkpoints, checkpointName(result.step)),
    steps: result.step,
    numTokens: result.numTokens,
    loss: result.loss,
    evalLossBefore: metrics.evaluated.get(0)?.eval_loss,
    evalLossAfter: metrics.evaluated.get(result.step)?.eval_loss,
    ...(by !== undefined && best !== undefined
      ? {
          best: {
            ...best,
            dir: join(runDir, best.checkpoint),
            before: metrics.evaluated.get(0)?.[best.metric],
          },
        }
      : {}),
    seconds: (performance.now() - started) / 1000,
    tokensPerSecond: result.stepSeconds === 0 ? 0 : result.tokens / result.stepSeconds,
    peakBytes,
  };
  progress.finish(outcome);
  return outcome;
}

/** @throws UserError if what the recipe names is no longer the model that the run began with */
async function loadFirstModel({ recipe, record, firstSource, progress }: Session): Promise<Gemma3> {
  const source = await firstSource();
  const like = record.model.sha256;
  if ((await source.identity({ like, message: (text) => progress.message(text) })) !== like)
    throw new UserError({
      file: recipe.model.path,
      message: 'is no longer the model that this run began with, which is needed once more; bring it back',
    });
  return (await source.load(modelOptions(recipe))).model;
}

function modelOptions({ model, train }: Recipe): Gemma3Options {
  return { embedScale: model.embedScale, activationCheckpointing: train.activationCheckpointing };
}

/** Peak learning rate times the schedule's factor at a 0-based step. */
function learningRate({ train: { optimizer, schedule } }: Recipe, step: number, total: number): number {
  const warmup = warmupSteps(schedule.warmupRatio, total);
  const factor =
    schedule.name === 'linear' ? linearWithWarmup(step, warmup, total) : constantWithWarmup(step, warmup);
  return optimizer.lr * factor;
}

/** Writes the checkpoint of a position, then removes old ones. */
async function save(
  session: Session,
  {
    model,
    prefix,
    carried,
    optimizer,
    own,
  }: {
    model: Gemma3;
    prefix: string;
    carried: Carried;
    optimizer: Optimizer;
    own: ReadonlyMap<string, tf.Variable>;
  },
  position: Position,
  total: number,
  stepsPerEpoch: number,
): Promise<void> {
  const { recipe, runDir, shown, source, record, progress } = session;
  const started = performance.now();
  const fewer = [...optimizer.updates].filter(([, updates]) => updates !== position.step);
  const state: TrainerState = {
    format: 1,
    ...(record.id === undefined ? {} : { run_id: record.id }),
    method: recipe.method,
    global_step: position.step,
    epoch: position.step / stepsPerEpoch,
    num_tokens: position.numTokens,
    loss: position.loss,
    ...(fewer.length === 0 ? {} : { updates: Object.fromEntries(fewer) }),
    ...(own.size === 0
      ? {}
      : { own: Object.fromEntries([...own].map(([name, { shape }]) => [name, shape])) }),
    seed: recipe.seed,
    total_steps: total,
    data_sha256: record.data_sha256,
    eval_data_sha256: record.eval_data_sha256,
    model_sha256: record.model.sha256,
    recipe: snakeCase(recipe),
    versions: record.versions,
  };
  try {
    const { checkpoint, bytes } = await writeCheckpoint(runDir, position.step, async (dir) => {
      // As they are stored in memory, whatever the source was: a resumed run must find the weights bit by bit.
      const dtype = session.backend.storage === 'bfloat16' ? 'BF16' : 'F32';
      await saveGemma3(model, dir, { prefix, dtype, carried, extraEosIds: source.extraEosIds });
      for (const [name, content] of source.files) {
        await mkdir(dirname(join(dir, name)), { recursive: true });
        await writeFile(join(dir, name), content);
      }
      const paths = trainerPaths(dir);
      await mkdir(paths.folder);
      await saveState(optimizer.state, paths.optimizer);
      if (own.size > 0) await saveState(own, paths.own);
      await writeFile(paths.state, `${JSON.stringify(state, null, 2)}\n`);
    });
    session.own = [...session.own.filter(({ step }) => step !== position.step), checkpoint];
    await prune(session);
    const seconds = (performance.now() - started) / 1000;
    progress.saved({ step: position.step, dir: checkpoint.dir, seconds, bytes });
  } catch (error) {
    throw asUserError(error, shown, `the checkpoint of step ${position.step} cannot be saved`);
  }
}

/** Removes old checkpoints, but for the best. */
async function prune(session: Session): Promise<void> {
  const { checkpoint } = session.recipe;
  if (checkpoint.keepLast === null) return;
  const best = checkpoint.bestMetric === null ? undefined : session.record.best?.step;
  session.own = await pruneCheckpoints(session.own, checkpoint.keepLast, best);
}

/** After an evaluation: saves the step if it is the best of all that have a checkpoint, and says in run.json which is. */
async function keepBest(
  session: Session,
  by: BestBy,
  evaluated: MetricsLog['evaluated'],
  step: number,
  saved: () => Promise<void>,
): Promise<void> {
  const { record, runDir } = session;
  const found = bestOf(evaluated, by, [...session.own.map((own) => own.step), step]);
  if (found === undefined) return;
  const best: BestCheckpoint = {
    ...{ metric: by.metric, is: by.isHighest ? 'highest' : 'lowest', ...found },
    checkpoint: `checkpoints/${checkpointName(found.step)}`,
  };
  if (JSON.stringify(best) === JSON.stringify(record.best)) return;
  // The one before is kept until this one is on the disk.
  if (found.step === step) await saved();
  record.best = best;
  await writeRecord(runDir, record);
  await prune(session);
}

function describe({ name, torch, device, compute, storage, threads }: BackendInfo): string {
  const library = torch === undefined ? name : `${name} ${torch}`;
  const numbers = storage === 'float32' ? compute : `${compute} stored as ${storage}`;
  return `${library} on ${device}, ${numbers}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}
