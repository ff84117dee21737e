/**
 * Generation with a key/value cache: greedy, or sampled.
 *
 * Shapes: B rows, T tokens of the longest prompt, V vocabulary.
 */
import seedrandom from 'seedrandom';
import * as tf from '../backend/tfjs.ts';
import { KeyValueCache } from './cache.ts';
import type { Edit, Gemma3 } from './gemma3.ts';
import { draw } from './sample.ts';

/**
 * Edits of a pass over B rows of T tokens.
 * @param fromPromptEnd_BT 1 for the last token of each prompt, and for each that was generated
 */
export type PassEdits = (fromPromptEnd_BT: Uint8Array) => readonly Edit[];

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
  /** Whether an id may be chosen; all rows of the embedding may by default. */
  isWord?: (id: number) => boolean;
  /** Edits to the residual stream, e.g. steering: of every pass, or made for each. */
  edits?: readonly Edit[] | PassEdits;
  /** Number of the first prompt: row r draws with `seed` and `firstRow + r`, so that batches do not change what is drawn. */
  firstRow?: number;
  /** Called for each new token as soon as it is known; `'end'` ends its row. */
  onToken?: (row: number, id: number) => 'end' | undefined;
}

/** New tokens of each prompt. @param prompts ids, not empty, `<bos>` included */
export async function generate(
  model: Gemma3,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions,
): Promise<number[][]> {
  const { maxNewTokens, edits, onToken } = options;
  const stopIds = new Set(options.stopIds ?? model.config.eosTokenIds);
  const rows = prompts.map(() => [] as number[]);
  const done = prompts.map(() => false);
  if (prompts.length === 0 || maxNewTokens <= 0) return rows;
  const longest = Math.max(...prompts.map((p) => p.length));
  const cache = new KeyValueCache(model.config, prompts.length, longest + maxNewTokens);
  const noWord_V = maskOf(options.isWord, model.config.vocabSize);
  const pick = picker(prompts.length, options);
  try {
    let fed = prompts;
    for (let n = 0; n < maxNewTokens; n++) {
      const next = tf.tidy(() => {
        const logits_BV = lastLogits(model, fed, cache, edits);
        return pick(noWord_V ? (tf.add(logits_BV, noWord_V) as tf.Tensor2D) : logits_BV);
      });
      for (const [b, row] of rows.entries()) {
        if (done[b]) continue;
        const id = next[b]!;
        row.push(id);
        const end = onToken?.(b, id) === 'end';
        done[b] = end || stopIds.has(id);
      }
      if (done.every(Boolean)) break;
      // A row that has ended is fed nothing more: its token is padding.
      fed = rows.map((row, b) => (done[b] ? [] : [row.at(-1)!]));
      await new Promise(setImmediate); // signals and timers get their turn
    }
    return rows;
  } finally {
    cache.dispose();
    noWord_V?.dispose();
  }
}

/** What is added to logits so that only words are chosen: 0, or minus infinity; nothing where every row is a word. */
function maskOf(isWord: GenerateOptions['isWord'], vocabSize: number): tf.Tensor1D | undefined {
  if (isWord === undefined) return undefined;
  const mask = Float32Array.from({ length: vocabSize }, (_, id) =>
    isWord(id) ? 0 : Number.NEGATIVE_INFINITY,
  );
  return mask.includes(Number.NEGATIVE_INFINITY) ? tf.tensor1d(mask) : undefined;
}

/** Reads new tokens (right-padded) into the cache and returns the logits at each row's last one. */
function lastLogits(
  model: Gemma3,
  tokens: readonly (readonly number[])[],
  cache: KeyValueCache,
  edits: GenerateOptions['edits'],
): tf.Tensor2D {
  const B = tokens.length;
  const T = Math.max(1, ...tokens.map((row) => row.length));
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
  const last = tokens.map((row, b) => b * T + Math.max(0, row.length - 1));
  // Of a prompt its last token, and later each pass is of one token a row.
  const fromPromptEnd_BT = new Uint8Array(B * T);
  for (const place of last) fromPromptEnd_BT[place] = 1;
  const { hidden_BTD } = model.forward({
    ...{ tokens_BT, segments_BT, cache },
    edits: typeof edits === 'function' ? edits(fromPromptEnd_BT) : edits,
  });
  const hidden_MD = tf.reshape(hidden_BTD, [B * T, model.config.hiddenSize]);
  return model.logits(tf.gather(hidden_MD, tf.tensor1d(last, 'int32')) as tf.Tensor2D);
}

/** Chooses an id for each row of logits. */
function picker(
  numRows: number,
  { temperature = 0, topK = 0, topP = 1, seed = 0, firstRow = 0 }: GenerateOptions,
): (logits_BV: tf.Tensor2D) => number[] {
  // Only the ids leave the backend.
  if (temperature === 0) return (logits_BV) => [...tf.argMax(logits_BV, 1).dataSync()];
  const random = Array.from({ length: numRows }, (_, b) =>
    seedrandom(`isogloss generate ${seed} ${firstRow + b}`),
  );
  return (logits_BV) => {
    const [, V] = logits_BV.shape;
    const logits = logits_BV.dataSync() as Float32Array;
    return random.map((next, b) =>
      draw(logits.subarray(b * V, (b + 1) * V), { temperature, topK, topP }, next()),
    );
  };
}
