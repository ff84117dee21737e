/**
 * Packs examples into one micro-batch: end to end in a single row, without padding. Segments and restarting
 * positions keep them apart in attention and in the rotary embedding.
 *
 * Shape letters: T tokens of the micro-batch (padding included), R rows that predict a target.
 */
import type { Example } from './encode.ts';

/** A micro-batch as plain arrays; the trainer makes tensors of them. */
export interface MicroBatch {
  tokens_T: Int32Array;
  /** 0, 1, 2.. within each example. */
  positions_T: Int32Array;
  /** 1, 2, 3.. for the examples, 0 for padding. */
  segments_T: Int32Array;
  /** Indices into T whose hidden state predicts a target: the place before each target token. */
  rows_R: Int32Array;
  /** The target tokens themselves. */
  labels_R: Int32Array;
  /** Tokens that are not padding. */
  numTokens: number;
}

/** Packs the examples in the order given; `padTo` fills up with inert padding (segment 0) to a multiple of it. */
export function collate(examples: readonly Example[], padTo = 1, padId = 0): MicroBatch {
  const numTokens = examples.reduce((sum, example) => sum + example.ids.length, 0);
  const numTargets = examples.reduce((sum, example) => sum + example.numTargets, 0);
  const length = Math.ceil(numTokens / padTo) * padTo;
  const batch: MicroBatch = {
    tokens_T: new Int32Array(length).fill(padId),
    positions_T: new Int32Array(length),
    segments_T: new Int32Array(length),
    rows_R: new Int32Array(numTargets),
    labels_R: new Int32Array(numTargets),
    numTokens,
  };
  let start = 0;
  let row = 0;
  for (const [index, { ids, target }] of examples.entries()) {
    batch.tokens_T.set(ids, start);
    batch.segments_T.fill(index + 1, start, start + ids.length);
    for (let i = 0; i < ids.length; i++) {
      batch.positions_T[start + i] = i;
      if (target[i] === 1) {
        batch.rows_R[row] = start + i - 1;
        batch.labels_R[row++] = ids[i]!;
      }
    }
    start += ids.length;
  }
  return batch;
}

/** Splits the examples of an optimizer step into runs of at most `size`, keeping their order. */
export function chunk<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}
