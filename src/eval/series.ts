/** The checkpoints of a run as a series: each an evaluation of its own, and the figures by step. */
import { join, relative } from 'node:path';
import { UserError } from '../errors.ts';
import { absolutePath } from '../paths.ts';
import {
  asUserError,
  checkpointName,
  exists,
  readRecord,
  replaceFile,
  runPaths,
  surveyCheckpoints,
} from '../runs/index.ts';
import { type EvaluationOptions, type EvaluationRequest, evaluate } from './evaluate.ts';
import { readRecord as readEvaluation } from './results/index.ts';
import type { Estimates } from './statistics.ts';
import type { Summary } from './summary.ts';

/** A checkpoint and what came of it. */
export interface SeriesStep {
  step: number;
  /** Folder of its results. */
  dir: string;
  tasks: { task: string; summary: Summary }[];
}

/** What a series came to. */
export interface SeriesResult {
  /** Path of `series.json`. */
  path: string;
  steps: SeriesStep[];
}

/** How a series is watched. */
export interface SeriesOptions extends EvaluationOptions {
  /** Hears before each checkpoint. */
  onCheckpoint?(at: { step: number; index: number; count: number }): void;
}

/**
 * Evaluates every whole checkpoint of the run `request.model`, oldest first, into `OUT/step-N/`, each of which is gone on with
 * by itself; `OUT/series.json` has the figures of those that are done.
 *
 * @throws UserError if it is no run or has no checkpoint, or `OUT` holds an evaluation; and as `evaluate`
 */
export async function evaluateSeries(
  request: EvaluationRequest,
  options: SeriesOptions,
): Promise<SeriesResult> {
  const { cwd, progress } = options;
  const runDir = absolutePath(cwd, request.model);
  if (!(await exists(runPaths(runDir).recipe)))
    throw new UserError({
      file: request.model,
      message: 'is no run; every_checkpoint needs the folder of one',
    });
  const record = await readRecord(runDir);
  const { whole, others } = await surveyCheckpoints(runDir, record);
  if (whole.length === 0)
    throw new UserError({ file: request.model, message: 'the run has no checkpoint yet' });
  for (const { checkpoint, reason } of others)
    progress.message(`${checkpoint.dir} ${reason}; passed over`, 'warning');
  const dir = absolutePath(cwd, request.out);
  if ((await exists(dir)) && (await readEvaluation(dir, request.out)) !== undefined)
    throw new UserError({
      file: request.out,
      message: 'holds the results of one evaluation; name another folder for the series',
    });
  const steps: SeriesStep[] = [];
  const path = join(dir, 'series.json');
  const said = new Set<string>();
  for (const [index, { checkpoint }] of whole.entries()) {
    const { step } = checkpoint;
    options.onCheckpoint?.({ step, index, count: whole.length });
    const name = checkpointName(step);
    const { tasks } = await evaluate(
      {
        ...request,
        model: join(request.model, relative(runDir, checkpoint.dir)),
        out: join(request.out, name),
      },
      { ...options, progress: { ...progress, message: saidOnce(said, progress.message) } },
    );
    steps.push({ step, dir: join(dir, name), tasks });
    await replaceFile(path, seriesText(request, record?.id, steps)).catch((error) => {
      throw asUserError(error, join(request.out, 'series.json'), 'cannot be written');
    });
  }
  return { path, steps };
}

/** What is true of the tasks is so at every step, and said at the first. */
function saidOnce(
  said: Set<string>,
  message: EvaluationOptions['progress']['message'],
): EvaluationOptions['progress']['message'] {
  return (text, level) => {
    if (!said.has(text)) message(text, level);
    said.add(text);
  };
}

function seriesText(
  { model, metric }: EvaluationRequest,
  id: string | undefined,
  steps: readonly SeriesStep[],
): string {
  const json = {
    format: 1,
    run: model,
    ...(id === undefined ? {} : { run_id: id }),
    metric,
    steps: steps.map(({ step, tasks }) => ({
      step,
      folder: checkpointName(step),
      tasks: Object.fromEntries(tasks.map(({ task, summary }) => [task, figuresOf(summary)])),
    })),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function figuresOf({ accuracy, choiceLogProb, n, nClusters }: Summary) {
  return {
    n,
    n_clusters: nClusters,
    averaged: accuracy.averaged,
    acc: meanOf(accuracy),
    choice_logprob: meanOf(choiceLogProb),
  };
}

function meanOf({ mean, byLanguage }: Estimates) {
  const { ci95, mean: value } = mean;
  return {
    mean: value,
    ...(ci95 === undefined ? {} : { ci95 }),
    by_language: Object.fromEntries(
      Object.entries(byLanguage).map(([language, own]) => [language, own.mean]),
    ),
  };
}
