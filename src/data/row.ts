/** What a data set is made of before it is tokens: rows of text, each knowing where it came from. */
import type { Message } from '../model/tokenizer/index.ts';

/** Where a row was read: the file as the user wrote it and the 1-based line. */
export interface Place {
  file: string;
  line: number;
}

/** The text of a row in one of the shapes that TRL documents under "dataset formats". */
export type RowContent =
  /** A conversation; the assistant's turns are what is trained on. */
  | { kind: 'messages'; messages: Message[] }
  /** One prompt and its answer; only the answer is trained on. */
  | { kind: 'pair'; prompt: string; completion: string }
  /** Running text; all of it is trained on. */
  | { kind: 'text'; text: string };

/** One row of a data set. */
export type Row = RowContent & {
  place: Place;
  /** The language, where the row says one: held-out figures are given for each. */
  lang?: string;
  /** What its translations share with it, where the row says id and language (OpenAssistantXX). */
  id?: string;
  /** With `messages`: only turns from this index on are trained on, earlier ones are context. Default 0. */
  trainFrom?: number;
  /** With `messages`: indices of replies that are context although they come at or after `trainFrom`. */
  untrained?: readonly number[];
};

/**
 * What two rows have in common if one must not be held out while the other is trained on: the opening prompt.
 * Different replies to one prompt, or the same row twice, so end up on the same side of a split.
 */
export function splitKey(row: Row): string {
  switch (row.kind) {
    case 'messages':
      return (
        row.messages.find((message) => message.role === 'user')?.content ?? row.messages[0]?.content ?? ''
      );
    case 'pair':
      return row.prompt;
    case 'text':
      return row.text;
  }
}
