/** What a training method brings to the loop. The loop never asks which method it runs. */
import type * as tf from '../backend/tfjs.ts';

/** The work of one optimizer step. */
export interface StepPlan<Micro> {
  /** Passed forward and backward one after the other; the sum of their losses is the loss of the step. */
  micros: Micro[];
  /** Tokens that run through the model in this step. */
  numTokens: number;
  /** Figures of the method's own for the metrics of this step, its phase for instance. */
  metrics?: Record<string, number>;
}

/** What one held-out micro-batch adds to the evaluation. */
export interface Measured {
  /** Summed negative log-likelihood of its targets, in nats. */
  sum: number;
  numTargets: number;
  numTokens: number;
}

/**
 * A training method: which examples a step trains on, and their loss.
 *
 * `plan` is a pure function of the step. So whatever changes as training goes on (the order of rows, the phase of a
 * method that alternates between losses) needs no state of its own in a checkpoint.
 */
export interface Method<Micro> {
  readonly name: string;
  /** Steps to pass over the training rows once. */
  readonly stepsPerEpoch: number;
  /** Micro-batches and figures of optimizer step `step`, 0-based over the whole run. */
  plan(step: number): StepPlan<Micro>;
  /** The loss that is differentiated; its factors are already those of the whole step. Called inside a tidy scope. */
  loss(micro: Micro): tf.Scalar;
  /** Held-out rows, if there are any. */
  heldOut?: {
    micros(): Iterable<Micro>;
    measure(micro: Micro): Measured;
  };
}
