/** Turns rows of text into token ids with a mark on those the model is trained to produce. */
import { createHash } from 'node:crypto';
import { UserError } from '../errors.ts';
import { type EncodedChat, encodeChat, type Message, type Tokenizer } from '../model/tokenizer/index.ts';
import type { Row } from './row.ts';

/** One row as tokens. */
export interface Example {
  /** Starts with one <bos>. */
  ids: Int32Array;
  /** 1 where the token is one the model is trained to produce; never at index 0, which nothing predicts. */
  target: Uint8Array;
  /** How many targets there are; at least one. */
  numTargets: number;
  /** The row's language, where it says one. */
  lang?: string;
}

/** How rows become tokens. */
export interface EncodeOptions {
  /** Longest example in tokens; what is beyond is cut off at the end (TRL's `keep_start`). */
  maxSeqLen: number;
  /** `chat`: Gemma's turns. `plain`: prompt and answer as they are. */
  template: 'chat' | 'plain';
  /** What special tokens that a `text` row spells are: tokens (default), or text. In messages they always stay text. */
  textSpecialTokens?: 'tokens' | 'text';
}

/** A row as tokens, before it is cut to length. */
export type EncodedRow = Pick<EncodedChat, 'ids' | 'target'>;

/** A data set as tokens. */
export interface Dataset {
  examples: Example[];
  /** Rows of which nothing to train on is left within `maxSeqLen`: left out. */
  dropped: number;
  /** Examples that lost their end. */
  truncated: number;
  /** Rows that spell a special token: `text` ones, and ones of messages. */
  spelled: { text: number; messages: number };
  numTokens: number;
  numTargets: number;
  /** SHA-256 over all ids and targets in order: equal if and only if training sees the same. */
  sha256: string;
}

/**
 * Encodes rows; those whose prompt alone fills `maxSeqLen` are counted and left out.
 * @throws UserError with the place of a row that the chat template cannot take
 */
export function encodeRows(rows: readonly Row[], tokenizer: Tokenizer, options: EncodeOptions): Dataset {
  const dataset: Dataset = {
    examples: [],
    dropped: 0,
    truncated: 0,
    spelled: { text: 0, messages: 0 },
    numTokens: 0,
    numTargets: 0,
    sha256: '',
  };
  const hash = createHash('sha256');
  const specials = [...tokenizer.added].flatMap(([content, { special }]) => (special ? content : []));
  for (const row of rows) {
    if (spellsSpecial(row, specials)) dataset.spelled[row.kind === 'text' ? 'text' : 'messages']++;
    const { ids, target } = encodeRow(row, tokenizer, options);
    const example = truncate(ids, target, options.maxSeqLen);
    if (example.numTargets === 0) {
      dataset.dropped++;
      continue;
    }
    if (row.lang !== undefined) example.lang = row.lang;
    if (example.ids.length < ids.length) dataset.truncated++;
    dataset.examples.push(example);
    dataset.numTokens += example.ids.length;
    dataset.numTargets += example.numTargets;
    hash.update(Buffer.from(example.ids.buffer)).update(example.target);
  }
  dataset.sha256 = hash.digest('hex');
  return dataset;
}

/**
 * One row, whole.
 * @throws UserError with the row's place when the template cannot take it or marks nothing in it
 */
export function encodeRow(row: Row, tokenizer: Tokenizer, options: EncodeOptions): EncodedRow {
  if (row.kind === 'text') return encodeText(row.text, tokenizer, options.textSpecialTokens);
  const messages = messagesOf(row);
  const { template } = options;
  let encoded: EncodedChat;
  try {
    encoded = encodeChat(tokenizer, messages, { template });
  } catch (error) {
    throw error instanceof UserError ? atRow(error, row) : error;
  }
  const isTrained = (of: number) => of >= (row.trainFrom ?? 0) && row.untrained?.includes(of) !== true;
  const target = encoded.message.map((of) => of >= 0 && isTrained(of));
  if (!target.includes(true)) {
    const message = `${tokenizer.path}: the chat template marks nothing in this row as the model's to produce`;
    throw new UserError({ ...row.place, message });
  }
  return { ids: encoded.ids, target };
}

function messagesOf(row: Exclude<Row, { kind: 'text' }>): Message[] {
  if (row.kind === 'messages') return row.messages;
  return [
    { role: 'user', content: row.prompt },
    { role: 'assistant', content: row.completion },
  ];
}

/** A text and its end. One that is a rendered chat has an end already: its last turn's. */
function encodeText(text: string, tokenizer: Tokenizer, special: 'tokens' | 'text' = 'tokens'): EncodedRow {
  const ids = tokenizer.encode(special === 'tokens' ? afterBos(text, tokenizer) : text, {
    specials: special === 'tokens',
  });
  const last = ids.findLast((id) => !/^[\s▁]*$/u.test(tokenizer.idToToken(id) ?? ''));
  if (last === undefined || last === tokenizer.bosId || !tokenizer.specialIds.has(last))
    ids.push(tokenizer.eosId);
  return { ids, target: ids.map((_, index) => index > 0) };
}

/** What comes after the <bos> that a rendered text opens with: one is put in front of every text. */
function afterBos(text: string, tokenizer: Tokenizer): string {
  const { bos } = tokenizer.names;
  let rest = text;
  while (rest.trimStart().startsWith(bos)) rest = rest.trimStart().slice(bos.length);
  return rest;
}

/** Does the row's text spell a special token? */
function spellsSpecial(row: Row, specials: readonly string[]): boolean {
  const texts = row.kind === 'text' ? [row.text] : messagesOf(row).map(({ content }) => content);
  return texts.some((text) => specials.some((special) => text.includes(special)));
}

/** An error of the template's, told at the row that met it. */
function atRow({ problems }: UserError, row: Row): UserError {
  return new UserError(
    problems.map(({ file, message, hint }) => ({
      ...row.place,
      message: file === undefined ? message : `${file}: ${message}`,
      hint,
    })),
  );
}

/** The example that is left of a row within `maxSeqLen` tokens; it may have no target. */
export function truncate(ids: readonly number[], target: readonly boolean[], maxSeqLen: number): Example {
  const length = Math.min(ids.length, maxSeqLen);
  const kept = Uint8Array.from({ length }, (_, index) => (index > 0 && target[index] ? 1 : 0));
  return {
    ids: Int32Array.from(ids.slice(0, length)),
    target: kept,
    numTargets: kept.reduce((a, b) => a + b, 0),
  };
}
