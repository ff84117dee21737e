/**
 * Pairs packed for one pass: their sequences end to end in a single row, each seeing itself alone.
 *
 * Shape letters: T tokens of the micro-batch, R rows that predict a target, S sequences (4 a pair).
 */
import * as tf from '../../backend/tfjs.ts';
import { collate, type MicroBatch } from '../../data/index.ts';
import { type InstructionExample, SEQUENCES } from '../../data/parallel/index.ts';
import { type SequenceLogProbs, type SequenceTargets, sequenceLogProbs } from '../../losses/index.ts';
import type { Gemma3 } from '../../model/index.ts';
import { inputsOf } from '../nll.ts';

/** A packed micro-batch and which sequence each target is of. */
export interface CloMicroBatch extends MicroBatch {
  targets: SequenceTargets;
}

/** Packs the four sequences of each pair, in the order that the loss takes them. */
export function packPairs(pairs: readonly InstructionExample[]): CloMicroBatch {
  const sequences = pairs.flatMap((pair) => SEQUENCES.map((key) => pair[key]));
  const batch = collate(sequences);
  const sequences_R = new Int32Array(batch.rows_R.length);
  let at = 0;
  for (const [s, { numTargets }] of sequences.entries()) {
    sequences_R.fill(s, at, at + numTargets);
    at += numTargets;
  }
  const { rows_R, labels_R } = batch;
  return { ...batch, targets: { rows_R, labels_R, sequences_R, numSequences: sequences.length } };
}

/** log p of every sequence of a micro-batch, without gradients: as the loss computes those of the policy. */
export function logProbsOf(model: Gemma3, batch: CloMicroBatch): SequenceLogProbs {
  let found: SequenceLogProbs | undefined;
  tf.tidy(() => {
    const { hidden_BTD } = model.forward(inputsOf(batch));
    found = sequenceLogProbs(hidden_BTD, model.parameter('embed_tokens.weight'), batch.targets);
  });
  return found!;
}
