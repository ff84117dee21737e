/** What a training run tells the world while it goes: the command line draws it, tests record it. */
import type { BestCheckpoint, FindProgress } from '../runs/index.ts';

/** Known before the first step. */
export interface RunStart {
  name: string;
  method: string;
  runDir: string;
  /** Steps already done when this process starts: 0, or the checkpoint's step after a resume. */
  startStep: number;
  /** Optimizer steps of the whole run. */
  totalSteps: number;
  stepsPerEpoch: number;
  trainExamples: number;
  evalExamples: number;
  /** Trainable parameters. */
  numParameters: number;
  /** One line about backend, dtype and threads. */
  backend: string;
  /** Metrics to show of each step, and what to call them. */
  shown: readonly (readonly [key: string, label: string])[];
  /** Steps between lines where there is no terminal to draw a bar on (recipe `log.every`). */
  logEvery: number;
}

/**
 * One optimizer step; names as in TRL's logs, so that dashboards carry over. The losses of the step are in it by name:
 * `loss` is the mean negative log-likelihood over its target tokens, in nats. A type, not an interface, so that it is a
 * record.
 */
export type StepMetrics = {
  global_step: number;
  /** Passes over the training rows so far, with a fraction. */
  epoch: number;
  /** Tokens run through the model since the start of the run (prompt and response, no padding). */
  num_tokens: number;
  learning_rate: number;
  /** Global L2 norm of the gradient before clipping. */
  grad_norm: number;
  /** Tokens of this step over its wall time. */
  tokens_per_second: number;
  /** Seconds this step took. */
  step_seconds: number;
} & Record<string, number>;

/** Held-out figures at a step; `eval_loss` is the mean negative log-likelihood of all held-out targets, in nats. */
export type EvalMetrics = {
  global_step: number;
  epoch: number;
  eval_seconds: number;
} & Record<string, number>;

/** A checkpoint that has just become complete. */
export interface Saved {
  step: number;
  dir: string;
  seconds: number;
  bytes: number;
}

/** What training hands back, and the last thing a sink hears. */
export interface TrainResult {
  runDir: string;
  /** Directory of the last checkpoint; a Hugging Face model directory. */
  checkpoint: string;
  steps: number;
  numTokens: number;
  /** The latest `loss`. */
  loss: number;
  /** Held-out loss before the first step and after the last; undefined without held-out rows. */
  evalLossBefore: number | undefined;
  evalLossAfter: number | undefined;
  /** The best checkpoint, where the recipe chooses one; `dir` is its directory, `before` the figure before the first step. */
  best?: BestCheckpoint & { dir: string; before?: number };
  /** Wall time of this process's steps, evaluations and saves. */
  seconds: number;
  /** Training tokens over the wall time of the steps alone, in this process. */
  tokensPerSecond: number;
  /** Most bytes held by tensors at once. */
  peakBytes: number;
}

/** Receives what happens, in order; none of its methods may throw. */
export interface ProgressSink extends FindProgress {
  start(run: RunStart): void;
  step(metrics: StepMetrics): void;
  evaluated(metrics: EvalMetrics): void;
  saved(saved: Saved): void;
  finish(result: TrainResult): void;
}

/** A sink that hears nothing. */
export const silent: ProgressSink = {
  downloading() {},
  start() {},
  step() {},
  evaluated() {},
  saved() {},
  message() {},
  finish() {},
};
