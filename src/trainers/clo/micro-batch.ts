/**
 * Pairs packed for one pass: prompts and replies end to end in a single row, each reply seeing its prompt and itself alone.
 *
 * Shape letters: T tokens of the micro-batch, R rows that predict a target, S sequences (4 a pair).
 */
import * as tf from '../../backend/tfjs.ts';
import { type Example, type Piece, packTree, type TreeBatch } from '../../data/index.ts';
import type { InstructionExample } from '../../data/parallel/index.ts';
import { type SequenceLogProbs, type SequenceTargets, sequenceLogProbs } from '../../losses/index.ts';
import type { Gemma3 } from '../../model/index.ts';
import { inputsOf } from '../nll.ts';

/** A packed micro-batch and which sequence each target is of. */
export interface CloMicroBatch extends TreeBatch {
  targets: SequenceTargets;
}

/** Sequences of a pair that begin with the same prompt. */
const SAME_PROMPT = [
  ['enEn', 'enXx'],
  ['xxXx', 'xxEn'],
] as const;

/** Packs the four sequences of each pair, in the order that the loss takes them; each of the two prompts is there once. */
export function packPairs(pairs: readonly InstructionExample[]): CloMicroBatch {
  const pieces: Piece[] = [];
  const sequences: { example: Example; shared: number; prompt: number; reply: number }[] = [];
  for (const pair of pairs) {
    for (const keys of SAME_PROMPT) {
      const both = keys.map((key) => pair[key]);
      const shared = sharedPrompt(both as [Example, Example]);
      const prompt = pieces.push({ ids: both[0]!.ids.subarray(0, shared) }) - 1;
      for (const example of both) {
        const reply = pieces.push({ ids: example.ids.subarray(shared), parent: prompt }) - 1;
        sequences.push({ example, shared, prompt, reply });
      }
    }
  }
  const batch = packTree(pieces);
  const numTargets = sequences.reduce((sum, { example }) => sum + example.numTargets, 0);
  const targets = {
    rows_R: new Int32Array(numTargets),
    labels_R: new Int32Array(numTargets),
    sequences_R: new Int32Array(numTargets),
    numSequences: sequences.length,
  };
  let at = 0;
  for (const [s, { example, shared, prompt, reply }] of sequences.entries()) {
    const { ids, target } = example;
    for (let i = 0; i < ids.length; i++) {
      if (target[i] !== 1) continue;
      // The first token of a reply is predicted by the last of the prompt, which both replies share.
      const before = i - 1;
      targets.rows_R[at] =
        before < shared ? batch.starts[prompt]! + before : batch.starts[reply]! + before - shared;
      targets.labels_R[at] = ids[i]!;
      targets.sequences_R[at++] = s;
    }
  }
  return { ...batch, targets };
}

/** Tokens that two sequences begin with alike, none of which is a target. */
function sharedPrompt([a, b]: [Example, Example]): number {
  const most = Math.min(a.target.indexOf(1), b.target.indexOf(1));
  let shared = 0;
  while (shared < most && a.ids[shared] === b.ids[shared]) shared++;
  return shared;
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
