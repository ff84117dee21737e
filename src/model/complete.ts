/** Texts that continue prompts: generation with text going out as it becomes known, ended by ids or by texts. */

import type { Gemma3 } from './gemma3.ts';
import { type GenerateOptions, generate } from './generate.ts';
import { StopTexts, TextStream } from './tokenizer/stream.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

export interface CompletionOptions extends Omit<GenerateOptions, 'onToken' | 'isWord'> {
  /** A row ends before the first of these in its text. */
  stopTexts?: readonly string[];
  /** Prompts that are read together; does not change what comes out. */
  batchSize?: number;
  /** Text of a prompt's completion, as soon as it is certain; never a part of a character. */
  onText?: (prompt: number, text: string) => void;
  /** A prompt's completion, when its batch is done; not when that was stopped. */
  onCompletion?: (prompt: number, completion: Completion) => void;
  /** Asked after each token; `true` ends everything. */
  stopped?: () => boolean;
}

export interface Completion {
  text: string;
  /** New tokens, the one that ended the row included. */
  ids: number[];
}

/** Prompts that are read together unless said otherwise: fills the cores, and the cache stays small. */
const BATCH = 8;

/**
 * Completes prompts, in batches. When stopped early, those of the batch at hand end where they are and the others are left
 * out.
 * @param prompts ids, not empty, `<bos>` included
 */
export async function complete(
  model: Gemma3,
  tokenizer: Tokenizer,
  prompts: readonly (readonly number[])[],
  options: CompletionOptions,
): Promise<Completion[]> {
  const {
    stopTexts = [],
    batchSize = BATCH,
    firstRow = 0,
    onText,
    onCompletion,
    stopped,
    ...generation
  } = options;
  const completions: Completion[] = [];
  // Checkpoints have more rows than words: 262208 in the larger sizes, and whatever tokens a tokenizer was given since.
  const isWord = (id: number) => tokenizer.idToToken(id) !== undefined;
  for (let first = 0; first < prompts.length && !stopped?.(); first += batchSize) {
    const batch = prompts.slice(first, first + batchSize);
    const rows = batch.map(() => ({
      stream: new TextStream(tokenizer),
      stops: new StopTexts(stopTexts),
      text: '',
    }));
    const give = (b: number, text: string) => {
      if (text === '') return;
      rows[b]!.text += text;
      onText?.(first + b, text);
    };
    const onToken = (b: number, id: number) => {
      const { stream, stops } = rows[b]!;
      give(b, stops.push(stream.push(id)));
      return stops.ended || stopped?.() ? 'end' : undefined;
    };
    const ids = await generate(model, batch, {
      ...generation,
      isWord,
      firstRow: firstRow + first,
      onToken,
    });
    for (const [b, { stream, stops }] of rows.entries()) {
      give(b, stops.push(stream.end()) + stops.end());
      const completion = { text: rows[b]!.text, ids: ids[b]! };
      completions.push(completion);
      if (!stopped?.()) onCompletion?.(first + b, completion);
    }
  }
  return completions;
}
