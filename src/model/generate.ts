/**
 * Text generation with a key/value cache: greedy, or sampled with temperature, top-k and top-p, in that order, as
 * transformers' generate does (generation/logits_process.py).
 *
 * Shapes: B rows, T tokens of the longest prompt, V vocabulary.
 */
import seedrandom from 'seedrandom';
import * as tf from '../backend/tfjs.ts';
import { KeyValueCache } from './cache.ts';
import type { Edit, Gemma3 } from './gemma3.ts';

export interface GenerateOptions {
  maxNewTokens: number;
  /** 0 is greedy. */
  temperature?: number;
  /** Keep the k likeliest tokens; 0 keeps all. */
  topK?: number;
  /** Keep the likeliest tokens whose probabilities reach p; 1 keeps all. */
  topP?: number;
  seed?: number;
  /** Ids that end a row; the model's eos ids by default. The id itself is part of the result. */
  stopIds?: readonly number[];
  /** Edits to the residual stream in every pass, e.g. steering. */
  edits?: readonly Edit[];
  /** Called for each new token as soon as it is known. */
  onToken?: (row: number, id: number) => void;
}

/** New tokens of each prompt. @param prompts ids, not empty, `<bos>` included */
export async function generate(
  model: Gemma3,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions,
): Promise<number[][]> {
  const { maxNewTokens, edits, onToken } = options;
  const stopIds = new Set(options.stopIds ?? model.config.eosTokenIds);
  const sample = sampler(options);
  const rows = prompts.map(() => [] as number[]);
  const done = prompts.map(() => false);
  if (prompts.length === 0 || maxNewTokens <= 0) return rows;
  const longest = Math.max(...prompts.map((p) => p.length));
  const cache = new KeyValueCache(model.config, prompts.length, longest + maxNewTokens);
  try {
    let next = lastLogits(model, prompts, cache, edits);
    for (let n = 0; n < maxNewTokens; n++) {
      for (const [b, row] of rows.entries()) {
        if (done[b]) continue;
        const id = sample(next[b]!);
        row.push(id);
        onToken?.(b, id);
        done[b] = stopIds.has(id);
      }
      if (done.every(Boolean) || n === maxNewTokens - 1) break;
      // A row that has ended is fed nothing more: its token is padding.
      next = lastLogits(
        model,
        rows.map((row, b) => (done[b] ? [] : [row.at(-1)!])),
        cache,
        edits,
      );
      await new Promise(setImmediate); // signals and timers get their turn
    }
    return rows;
  } finally {
    cache.dispose();
  }
}

/** Reads new tokens (right-padded) into the cache and returns the logits at each row's last one. */
function lastLogits(
  model: Gemma3,
  tokens: readonly (readonly number[])[],
  cache: KeyValueCache,
  edits: readonly Edit[] | undefined,
): Float32Array[] {
  const B = tokens.length;
  const T = Math.max(1, ...tokens.map((row) => row.length));
  return tf.tidy(() => {
    const ids = new Int32Array(B * T);
    const segments = new Int32Array(B * T);
    tokens.forEach((row, b) => {
      ids.set(row, b * T);
      segments.fill(1, b * T, b * T + row.length);
    });
    const [tokens_BT, segments_BT] = [
      tf.tensor2d(ids, [B, T], 'int32'),
      tf.tensor2d(segments, [B, T], 'int32'),
    ];
    const { hidden_BTD } = model.forward({ tokens_BT, segments_BT, cache, edits });
    const last = tokens.map((row, b) => b * T + Math.max(0, row.length - 1));
    const hidden_MD = tf.reshape(hidden_BTD, [B * T, model.config.hiddenSize]);
    const logits = model
      .logits(tf.gather(hidden_MD, tf.tensor1d(last, 'int32')) as tf.Tensor2D)
      .dataSync() as Float32Array;
    const V = logits.length / B;
    return tokens.map((_, b) => logits.subarray(b * V, (b + 1) * V));
  });
}

/** Draws one id from a row of logits. */
function sampler({
  temperature = 0,
  topK = 0,
  topP = 1,
  seed = 0,
}: GenerateOptions): (logits: Float32Array) => number {
  if (temperature === 0) return argMax;
  const random = seedrandom(`isogloss generate ${seed}`);
  return (logits) => {
    const kept = candidates(logits, temperature, topK, topP);
    let left = random() * kept.reduce((sum, { p }) => sum + p, 0);
    for (const { id, p } of kept) {
      left -= p;
      if (left <= 0) return id;
    }
    return kept.at(-1)!.id;
  };
}

/** The tokens that may be drawn, likeliest first, with probabilities before they are made to sum to one again. */
export function candidates(
  logits: Float32Array,
  temperature: number,
  topK: number,
  topP: number,
): Array<{ id: number; p: number }> {
  let top = Number.NEGATIVE_INFINITY;
  for (const x of logits) if (x > top) top = x;
  let kept: Array<{ id: number; p: number }> = [];
  let sum = 0;
  for (let id = 0; id < logits.length; id++) {
    const p = Math.exp((logits[id]! - top) / temperature);
    sum += p;
    kept.push({ id, p });
  }
  kept.sort((a, b) => b.p - a.p);
  if (topK > 0 && topK < kept.length) {
    kept = kept.slice(0, topK);
    sum = kept.reduce((s, { p }) => s + p, 0);
  }
  if (topP < 1) {
    let mass = 0;
    let count = 0;
    while (count < kept.length && mass < topP) mass += kept[count++]!.p / sum;
    kept = kept.slice(0, Math.max(1, count));
  }
  return kept.map(({ id, p }) => ({ id, p: p / sum }));
}

/** The first of the largest. */
function argMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
