/**
 * What a training method brings to a run, in the order in which it is asked: rows as text, rows as tokens, and what is
 * computed with a model in memory. The run and the loop never ask which method they serve.
 */
import type { BackendInfo } from '../backend/index.ts';
import type * as tf from '../backend/tfjs.ts';
import type { Example } from '../data/index.ts';
import type { Gemma3 } from '../model/index.ts';
import type { Recipe } from '../recipe/index.ts';
import type { DataIdentity, DataSource, ModelSource, StopRequest } from '../runs/index.ts';
import type { ProgressSink } from './progress.ts';

/** Reads and checks the rows of a recipe; relative paths start from `cwd`. @throws UserError with all that is wrong */
export type ReadRows<R extends Recipe> = (recipe: R, cwd: string) => Promise<TextRows>;

/** Hears what the user should know. */
export type Warn = (text: string) => void;

/** A recipe's data as text: everything that needs no model. */
export interface TextRows {
  /** As `run.json` lists them. */
  sources: readonly DataSource[];
  /** Is the model to be one of chats, by the template its rows are put in? */
  hasChats: boolean;
  /** @throws UserError if nothing is left to train on, or tokenizer and model do not belong together */
  encode(model: Pick<ModelSource, 'tokenizer' | 'config'>, warn: Warn): TokenRows;
}

/** The same as tokens. Its hashes are equal if and only if training sees the same. */
export interface TokenRows extends DataIdentity {
  /** Optimizer steps to pass over the training rows once. */
  stepsPerEpoch: number;
  trainExamples: number;
  /** 0 without held-out rows. */
  evalExamples: number;
  /** Names of what `measures` finds, without those of each language; empty without held-out rows. */
  figures: readonly string[];
  /** What there is, as `validate` shows it: label and text. */
  summary: readonly (readonly [label: string, text: string])[];
  /** Some rows, to look at. */
  samples: readonly Example[];
  /** Computes what must be known before the first step. */
  begin(start: Start): Promise<Method>;
}

/** What a method begins with. */
export interface Start {
  model: Gemma3;
  /** Absolute. */
  runDir: string;
  /** Optimizer steps that the model has done in this run. */
  step: number;
  /**
   * The model that the run began with, if `step` is not 0. The caller disposes of it.
   * @throws UserError if another lies where that one was
   */
  firstModel(): Promise<Gemma3>;
  /** Identity of that model's weights. */
  modelSha256: string;
  /** What computes: another rounds otherwise. */
  backend: BackendInfo;
  progress: ProgressSink;
  stop: StopRequest;
}

/** One forward and backward pass. */
export interface Micro {
  /** What its loss is logged as (`loss`, `align_loss`); losses of one name are summed over the step, others kept apart. */
  name: string;
  /** Its part of the step where that has several losses, folded into `loss`; what is logged is without it. Default 1. */
  share?: number;
  /** The loss that is differentiated; its factors are already those of the whole step. Called inside a tidy scope. */
  loss(): tf.Scalar;
}

/** The work of one optimizer step. */
export interface StepPlan {
  /** Run before the micro-batches, without gradients. */
  prepare?(): void;
  micros: readonly Micro[];
  /** Tokens that run through the model in this step. */
  numTokens: number;
  /** Figures of the method's own for the metrics of this step, asked for after its micro-batches. */
  figures?(): Record<string, number>;
}

/** Something that is measured on held-out rows; made anew for each evaluation. */
export interface Measure {
  /** Pieces of work, between which a run can be stopped. */
  pieces(): Iterable<() => void>;
  /** Figures of all pieces: `eval_loss`, and `eval_loss/es` of the rows in one language. */
  figures(): Record<string, number>;
}

/**
 * What the loop works with.
 *
 * `plan` is a pure function of the step. So whatever changes as training goes on (the order of rows, the phase of a
 * method that alternates between losses) needs no state of its own in a checkpoint.
 */
export interface Method {
  readonly stepsPerEpoch: number;
  /** Micro-batches of optimizer step `step`, 0-based over the whole run. */
  plan(step: number): StepPlan;
  /** Empty without held-out rows. */
  measures(): readonly Measure[];
  /** Parameters of the method's own, trained beside the model's; disposed of with it. */
  readonly own?: ReadonlyMap<string, tf.Variable>;
  /** Metrics to show while it trains, and what to call them. */
  readonly shown: readonly (readonly [key: string, label: string])[];
}
