/** Turns rows of text into token ids with a mark on those the model is trained to produce. */
import { createHash } from 'node:crypto';
import {
  type EncodedChat,
  encodeChat,
  encodePrompt,
  type Message,
  type Tokenizer,
} from '../model/tokenizer/index.ts';
import type { Row } from './row.ts';

/** One row as tokens. */
export interface Example {
  /** Starts with one <bos>. */
  ids: Int32Array;
  /** 1 where the token is one the model is trained to produce; never at index 0, which nothing predicts. */
  target: Uint8Array;
  /** How many targets there are; at least one. */
  numTargets: number;
}

/** How rows become tokens. */
export interface EncodeOptions {
  /** Longest example in tokens; what is beyond is cut off at the end (TRL's `keep_start`). */
  maxSeqLen: number;
  /** `chat`: Gemma's turns. `plain`: prompt and answer as they are. */
  template: 'chat' | 'plain';
}

/** A data set as tokens. */
export interface Dataset {
  examples: Example[];
  /** Rows of which nothing to train on is left within `maxSeqLen`: left out. */
  dropped: number;
  /** Examples that lost their end. */
  truncated: number;
  numTokens: number;
  numTargets: number;
  /** SHA-256 over all ids and targets in order: equal if and only if training sees the same. */
  sha256: string;
}

/** Encodes rows; those whose prompt alone fills `maxSeqLen` are counted and left out. */
export function encodeRows(rows: readonly Row[], tokenizer: Tokenizer, options: EncodeOptions): Dataset {
  const dataset: Dataset = {
    examples: [],
    dropped: 0,
    truncated: 0,
    numTokens: 0,
    numTargets: 0,
    sha256: '',
  };
  const hash = createHash('sha256');
  for (const row of rows) {
    const { ids, target } = encodeRow(row, tokenizer, options.template);
    const example = truncate(ids, target, options.maxSeqLen);
    if (example.numTargets === 0) {
      dataset.dropped++;
      continue;
    }
    if (example.ids.length < ids.length) dataset.truncated++;
    dataset.examples.push(example);
    dataset.numTokens += example.ids.length;
    dataset.numTargets += example.numTargets;
    hash.update(Buffer.from(example.ids.buffer)).update(example.target);
  }
  dataset.sha256 = hash.digest('hex');
  return dataset;
}

/** One row, whole. */
function encodeRow(row: Row, tokenizer: Tokenizer, template: EncodeOptions['template']): EncodedChat {
  if (row.kind === 'text') {
    const ids = [...tokenizer.encode(row.text), tokenizer.eosId];
    return { ids, target: ids.map((_, index) => index > 0) };
  }
  const messages: Message[] =
    row.kind === 'messages'
      ? row.messages
      : [
          { role: 'user', content: row.prompt },
          { role: 'assistant', content: row.completion },
        ];
  const encoded = encodeChat(tokenizer, messages, { template });
  if (row.trainFrom === undefined || row.trainFrom === 0) return encoded;
  const context = messages.slice(0, row.trainFrom);
  const start = encodePrompt(tokenizer, context, { template }).length;
  return { ids: encoded.ids, target: encoded.target.map((isTarget, index) => isTarget && index >= start) };
}

function truncate(ids: readonly number[], target: readonly boolean[], maxSeqLen: number): Example {
  const length = Math.min(ids.length, maxSeqLen);
  const kept = Uint8Array.from({ length }, (_, index) => (index > 0 && target[index] ? 1 : 0));
  return {
    ids: Int32Array.from(ids.slice(0, length)),
    target: kept,
    numTargets: kept.reduce((a, b) => a + b, 0),
  };
}
