/**
 * One vector a sentence: the mean of its tokens' hidden states, in fp32 whatever they are stored as.
 *
 * Shape letters: B batch, T tokens, L tokens of one sentence, S sentences, D model.
 */
import * as tf from '../backend/tfjs.ts';

/** Where a sentence lies. */
export interface TokenRange {
  /** Index into B * T of its first token, <bos>. */
  start: number;
  /** Index after its last token. */
  end: number;
}

/**
 * `mean`: all tokens alike. `position`: in proportion to 1, 2.. T over the tokens that count, as MEXA weighs them with
 * <bos> among them (embed_extractor.py).
 */
export type PoolWeights = 'mean' | 'position';

/** `none`: as they are. `center`: less the mean. `standardize`: that over the standard deviation, each dimension for itself. */
export type PoolNormalize = 'none' | 'center' | 'standardize';

/** What pooled vectors are measured against; constants to the gradient. `poolStatistics` makes them. */
export interface PoolStatistics {
  mean_D: tf.Tensor1D;
  /** Nowhere 0. */
  std_D: tf.Tensor1D;
}

/** Which tokens count, and how much. */
export interface PoolOptions {
  /** Does the first token, <bos>, count? It carries the largest activations and says nothing of the sentence. */
  bos: boolean;
  weights: PoolWeights;
}

/**
 * Weighted means over the tokens of each sentence, [S, D].
 *
 * @param hidden_BTD sentences end to end, as `collate` packs them; padding is whatever no sentence covers.
 * @param sentences in the order they lie in, apart from each other.
 * @throws Error for a sentence of which no token is left, or that lies outside or out of order
 */
export function meanPool(
  hidden_BTD: tf.Tensor3D,
  sentences: readonly TokenRange[],
  { bos, weights }: PoolOptions,
): tf.Tensor2D {
  const [B, T, D] = hidden_BTD.shape;
  // Split, because its gradient is one concatenation: gathered rows would be added up, on a GPU in no fixed order.
  const sizes: number[] = [];
  const chosen: number[] = [];
  let at = 0;
  for (const [index, { start, end }] of sentences.entries()) {
    const first = bos ? start : start + 1;
    if (start < at || end > B * T)
      throw new Error(
        `sentence ${index} (tokens ${start} to ${end}) is out of order or outside of ${B * T} tokens`,
      );
    if (first >= end) throw new Error(`sentence ${index} has no token left to pool`);
    if (first > at) sizes.push(first - at);
    chosen.push(sizes.push(end - first) - 1);
    at = end;
  }
  if (chosen.length === 0) throw new Error('no sentence to pool');
  if (at < B * T) sizes.push(B * T - at);
  const hidden_ND = tf.reshape(hidden_BTD, [B * T, D]) as tf.Tensor2D;
  // TensorFlow.js has no gradient for a split into one piece.
  const pieces = sizes.length === 1 ? [hidden_ND] : tf.split(hidden_ND, sizes, 0);
  // A sum is fp32 whatever is summed, and so is a product with weights that are fp32.
  return tf.stack(
    chosen.map((piece) => tf.sum(tf.mul(pieces[piece]!, tokenWeights(sizes[piece]!, weights)), 0)),
  ) as tf.Tensor2D;
}

/** Weights of L tokens, [L, 1], that add up to 1. */
function tokenWeights(L: number, weights: PoolWeights): tf.Tensor2D {
  const total = weights === 'mean' ? L : (L * (L + 1)) / 2;
  return tf.tensor2d(
    Float32Array.from({ length: L }, (_, t) => (weights === 'mean' ? 1 : t + 1) / total),
    [L, 1],
  );
}

/**
 * Pooled vectors less what all sentences share. In Gemma 3 a handful of dimensions make up nearly all of a raw cosine.
 * @param statistics may be absent for `none` only
 */
export function normalizePooled(
  pooled_SD: tf.Tensor2D,
  normalize: PoolNormalize,
  statistics?: PoolStatistics,
): tf.Tensor2D {
  if (normalize === 'none') return pooled_SD;
  if (!statistics) throw new Error(`normalize ${normalize} needs the statistics of pooled vectors`);
  const centered = tf.sub(pooled_SD, statistics.mean_D) as tf.Tensor2D;
  return normalize === 'center' ? centered : tf.div(centered, statistics.std_D);
}

/** Mean and standard deviation (over all, not n - 1) of every dimension, as plain numbers that a run can store. */
export interface PlainStatistics {
  mean_D: Float32Array;
  std_D: Float32Array;
}

/**
 * Measures pooled vectors, in float64. A dimension that never changes gets 1 in place of 0: it is centred and no more.
 * @throws Error if there are none, they are not of one length, or a value is not finite
 */
export function poolStatistics(vectors: Iterable<ArrayLike<number>>): PlainStatistics {
  let n = 0;
  let mean = new Float64Array();
  let squares = new Float64Array();
  for (const vector of vectors) {
    if (n++ === 0) [mean, squares] = [new Float64Array(vector.length), new Float64Array(vector.length)];
    if (vector.length !== mean.length) throw new Error('pooled vectors of different lengths');
    // Welford's: a difference of large sums would lose dimensions whose mean is far from 0.
    for (let d = 0; d < mean.length; d++) {
      const before = vector[d]! - mean[d]!;
      mean[d]! += before / n;
      squares[d]! += before * (vector[d]! - mean[d]!);
    }
  }
  if (n === 0) throw new Error('no pooled vectors to measure');
  if (!mean.every(Number.isFinite)) throw new Error('a pooled vector is not finite');
  return { mean_D: Float32Array.from(mean), std_D: Float32Array.from(squares, (s) => Math.sqrt(s / n) || 1) };
}
