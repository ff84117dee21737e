/**
 * Log-probabilities of some tokens at some places of a text. The logits of the whole vocabulary are never kept: one of the
 * tokens of each row goes through the fused cross-entropy, which gives the row's normaliser; the others are told from it by
 * their logits.
 *
 * Shape letters: T tokens, R rows that are asked, P pairs of a row and a token, D model, V vocabulary.
 */
import { linearCrossEntropy } from '../../backend/index.ts';
import * as tf from '../../backend/tfjs.ts';

/** A place, and the tokens that are asked about there. */
export interface AskedRow {
  /** Index into T: the token after it is predicted. */
  row: number;
  /** At least one. */
  ids: readonly number[];
}

/** What the model says at a place. */
export type AnsweredRow = {
  /** log p of each token, nats. */
  logprobs: number[];
  /** Which of the tokens is the likeliest of the whole vocabulary; undefined if none is. */
  greedy?: number;
};

/**
 * log softmax(h W^T) of the tokens asked for, normalised in fp32 over the whole vocabulary.
 *
 * @param hidden_TD after the final norm
 */
export function tokenLogProbs(
  hidden_TD: tf.Tensor2D,
  embedding_VD: tf.Tensor,
  asked: readonly AskedRow[],
): AnsweredRow[] {
  if (asked.length === 0) return [];
  const rowOf = asked.flatMap(({ ids }, r) => ids.map(() => r));
  return tf.tidy(() => {
    const hidden_RD = tf.gather(
      hidden_TD,
      tf.tensor1d(
        asked.map(({ row }) => row),
        'int32',
      ),
    ) as tf.Tensor2D;
    const ids_P = tf.tensor1d(
      asked.flatMap(({ ids }) => ids),
      'int32',
    );
    const pairs_PD = tf.mul(
      tf.gather(hidden_RD, tf.tensor1d(rowOf, 'int32')),
      tf.gather(embedding_VD, ids_P),
    );
    const logits = groups(tf.sum(pairs_PD, 1).dataSync() as Float32Array, asked);
    // Of the tokens of a row the one that can be the likeliest of all.
    const tops = logits.map((own) => own.indexOf(own.reduce((a, b) => Math.max(a, b))));
    const labels_R = tf.tensor1d(
      asked.map(({ ids }, r) => ids[tops[r]!] ?? ids[0]!),
      'int32',
    );
    const weights_R = tf.zeros([asked.length]) as tf.Tensor1D;
    const { nll_R, margin_R } = linearCrossEntropy(hidden_RD, embedding_VD, labels_R, weights_R);
    const [nll, margins] = [nll_R.dataSync(), margin_R.dataSync()];
    return asked.map((_, r): AnsweredRow => {
      const [own, top] = [logits[r]!, tops[r]!];
      // -1 where a logit is not a number: then all of the row are none.
      const logNormalizer = nll[r]! + (own[top] ?? Number.NaN);
      const logprobs = own.map((logit, k) => (k === top ? -nll[r]! : logit - logNormalizer));
      return margins[r] === 0 ? { logprobs, greedy: top } : { logprobs };
    });
  });
}

function groups(values_P: Float32Array, asked: readonly AskedRow[]): number[][] {
  let at = 0;
  return asked.map(({ ids }) => Array.from(values_P.subarray(at, (at += ids.length))));
}
