/**
 * The one training loop: accumulation, clipping, schedule, optimizer, evaluation, saving, stopping. What is trained
 * is a `Method`; what a run is made of (folder, weights, data) is put together in `run.ts`.
 */
import { Gradients } from '../backend/index.ts';
import type * as tf from '../backend/tfjs.ts';
import { UserError } from '../errors.ts';

import { breathe, type MetricsLog, type Standing, type StopRequest } from '../runs/index.ts';
import { clipFactor } from './clip.ts';
import type { Method, StepPlan } from './method.ts';
import type { Optimizer } from './optimizers/index.ts';
import type { EvalMetrics, ProgressSink, StepMetrics } from './progress.ts';

/** Where a run stands after its last full step. */
export interface Position {
  /** Optimizer steps done. */
  step: number;
  /** Tokens run through the model for them. */
  numTokens: number;
  /** The latest `loss`; NaN before the first. */
  loss: number;
}

/** What the loop works with. */
export interface Loop {
  method: Method;
  parameters: ReadonlyMap<string, tf.Variable>;
  optimizer: Optimizer;
  /** Learning rate of a step, 0-based. */
  learningRate(step: number): number;
  maxGradNorm: number | null;
  totalSteps: number;
  /** Steps between evaluations; they are also made before the first and after the last step. */
  evalEvery: number | null;
  /** Steps between checkpoints; one is also made after the last step and when stopped. */
  saveEvery: number | null;
  metrics: MetricsLog;
  progress: ProgressSink;
  stop: StopRequest;
  /** Kept up to date, for what a signal says. */
  standing: Standing;
  /** Makes the position durable. */
  save(position: Position): Promise<void>;
  /** Called where an evaluation was due; `saved` makes this step durable if it is to be kept as the best so far. */
  keepBest?(step: number, saved: () => Promise<void>): Promise<void>;
}

/** How a loop came out of `runLoop`. */
export interface LoopResult extends Position {
  /** Was it asked to stop? Then the position is on disk (unless it is 0) and there are steps left. */
  stopped: boolean;
  /** Tokens and seconds of this process's steps. */
  tokens: number;
  stepSeconds: number;
}

/**
 * Trains from `from` (whose checkpoint, if its step is not 0, is on disk) to the last step, or until asked to stop:
 * then what is accumulated of an unfinished step is thrown away, and the last full step is saved.
 *
 * @throws UserError if the loss or the gradient is no longer finite; the weights are then those before that step.
 */
export async function runLoop(loop: Loop, from: Position): Promise<LoopResult> {
  const { method, optimizer, stop, standing, totalSteps } = loop;
  const gradients = new Gradients(loop.parameters);
  let position = from;
  standing.step = from.step;
  standing.saved = from.step;
  let tokens = 0;
  let stepSeconds = 0;
  const save = async (): Promise<void> => {
    if (standing.saved === position.step) return;
    // The metrics of a step must not be younger than its checkpoint: a power cut would leave a gap.
    loop.metrics.sync();
    await loop.save(position);
    standing.saved = position.step;
  };
  const measure = async (): Promise<void> => {
    if (!isEvalStep(loop, position.step)) return;
    await evaluateIfDue(loop, position.step);
    if (stop.signal === undefined) await loop.keepBest?.(position.step, save);
  };
  try {
    await measure();
    while (position.step < totalSteps && stop.signal === undefined) {
      const started = performance.now();
      const plan = method.plan(position.step);
      const losses = await accumulate(loop, plan, gradients);
      if (losses === undefined) break;
      const norm = gradients.globalNorm();
      if (!Object.values(losses).every(Number.isFinite) || !Number.isFinite(norm))
        throw diverged(position.step + 1, losses, norm);
      const lr = loop.learningRate(position.step);
      const gradientScale = clipFactor(norm, loop.maxGradNorm);
      optimizer.update(gradients, { lr, step: position.step + 1, gradientScale });
      position = {
        step: position.step + 1,
        numTokens: position.numTokens + plan.numTokens,
        loss: losses.loss ?? position.loss,
      };
      standing.step = position.step;
      const seconds = (performance.now() - started) / 1000;
      tokens += plan.numTokens;
      stepSeconds += seconds;
      const metrics: StepMetrics = {
        global_step: position.step,
        epoch: position.step / method.stepsPerEpoch,
        num_tokens: position.numTokens,
        ...losses,
        learning_rate: lr,
        grad_norm: norm,
        tokens_per_second: plan.numTokens / seconds,
        step_seconds: seconds,
        ...plan.figures?.(),
      };
      loop.metrics.append(metrics);
      loop.progress.step(metrics);
      const due = loop.saveEvery !== null && position.step % loop.saveEvery === 0;
      // Before the evaluation, which may take long: what has been trained is worth more than what it measures.
      if (due || position.step === totalSteps) await save();
      await measure();
    }
    if (stop.signal !== undefined) await save();
    return {
      ...position,
      stopped: stop.signal !== undefined && !isDone(loop, position.step),
      tokens,
      stepSeconds,
    };
  } finally {
    gradients.dispose();
  }
}

/** Forward and backward over all micro-batches: the losses by name, or undefined if asked to stop on the way. */
async function accumulate(
  { stop }: Loop,
  { prepare, micros }: StepPlan,
  gradients: Gradients,
): Promise<Record<string, number> | undefined> {
  gradients.zero();
  const losses: Record<string, number> = {};
  prepare?.();
  for (const micro of micros) {
    await breathe();
    if (stop.signal !== undefined) return undefined;
    const loss = gradients.accumulate(() => micro.loss()) / (micro.share ?? 1);
    losses[micro.name] = (losses[micro.name] ?? 0) + loss;
  }
  return losses;
}

/**
 * Measures what is held out if there is no record of it yet: a run that was stopped between
 * saving and evaluating a step makes up for it when resumed.
 */
async function evaluateIfDue(loop: Loop, step: number): Promise<void> {
  if (loop.metrics.evaluated.has(step)) return;
  const measures = loop.method.measures();
  if (measures.length === 0) return;
  const started = performance.now();
  for (const measure of measures) {
    for (const piece of measure.pieces()) {
      await breathe();
      if (loop.stop.signal !== undefined) return;
      piece();
    }
  }
  const metrics: EvalMetrics = {
    global_step: step,
    epoch: step / loop.method.stepsPerEpoch,
    ...Object.assign({}, ...measures.map((measure) => measure.figures())),
    eval_seconds: (performance.now() - started) / 1000,
  };
  loop.metrics.append(metrics);
  loop.progress.evaluated(metrics);
}

function isEvalStep({ evalEvery, totalSteps }: Loop, step: number): boolean {
  return step === 0 || step === totalSteps || (evalEvery !== null && step % evalEvery === 0);
}

/** Nothing is left to be done, even if a stop was asked for. */
function isDone(loop: Loop, step: number): boolean {
  return step >= loop.totalSteps && (loop.method.measures().length === 0 || loop.metrics.evaluated.has(step));
}

function diverged(step: number, losses: Record<string, number>, norm: number): UserError {
  const shown = Object.entries(losses).map(([name, loss]) => `${name} ${loss}`);
  return new UserError(
    `training diverged at step ${step}: ${shown.join(', ')}, gradient norm ${norm}. ` +
      'The weights of the step before were not touched; try a smaller train.optimizer.lr or a longer warm-up',
  );
}
