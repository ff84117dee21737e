/** Turns parallel instructions into the four sequences that CLO compares. */
import { createHash } from 'node:crypto';
import { type Tokenizer, turnEndId } from '../../model/tokenizer/index.ts';
import { type EncodedRow, type EncodeOptions, type Example, encodeRow, truncate } from '../encode.ts';
import type { Place, Row } from '../row.ts';
import type { Instruction } from './instructions.ts';
import { named, Problems } from './problems.ts';

/** How instructions become tokens. */
export interface InstructionOptions extends Pick<EncodeOptions, 'maxSeqLen' | 'template'> {
  /** What becomes of an item of which a sequence is longer than `maxSeqLen`: its end is cut off, or it is left out. */
  overflow: 'truncate' | 'drop';
}

/** An item as tokens: the prompt's language first, then the reply's. */
export interface InstructionExample {
  id: string;
  lang: string;
  enEn: Example;
  enXx: Example;
  xxXx: Example;
  xxEn: Example;
}

/** Instructions as tokens. */
export interface InstructionDataset {
  examples: InstructionExample[];
  /** Items that lost the end of a reply, by language. */
  truncated: ReadonlyMap<string, number>;
  /** Items that are left out, by language. */
  dropped: ReadonlyMap<string, number>;
  numTokens: number;
  /** SHA-256 over all ids and targets in order: equal if and only if training sees the same. */
  sha256: string;
  /** What was cut or left out, for the user to know. */
  notes: string[];
}

/** The sequences of an item, in the order they are hashed in. */
export const SEQUENCES = ['enEn', 'enXx', 'xxXx', 'xxEn'] as const;

/**
 * Encodes items. Every reply has exactly one end of turn (with `plain`, end of text) among its targets, the model's sign that
 * it is whole; only one that is cut has none. An item of which a prompt alone fills `maxSeqLen` is left out.
 *
 * @throws UserError with the places of rows that the chat template cannot take, or whose reply has another number of ends
 */
export function encodeInstructions(
  items: readonly Instruction[],
  tokenizer: Tokenizer,
  options: InstructionOptions,
): InstructionDataset {
  const { maxSeqLen, template, overflow } = options;
  const problems = new Problems();
  const endId = template === 'plain' ? tokenizer.eosId : turnEndId(tokenizer);
  const truncated = new Map<string, number>();
  const dropped = new Map<string, number>();
  const hash = createHash('sha256');
  const dataset: InstructionDataset = {
    examples: [],
    truncated,
    dropped,
    numTokens: 0,
    sha256: '',
    notes: [],
  };
  const english = new Map<string, Sequence>();
  const encode = (prompt: string, completion: string, place: Place): Sequence => {
    const row: Row = { kind: 'pair', prompt, completion, place };
    const whole = encodeRow(row, tokenizer, options);
    const ends = countEnds(whole, endId);
    if (ends !== 1) {
      const end = endId === undefined ? 'a token' : tokenizer.idToToken(endId);
      const message = `the reply must have ${end} exactly once, at its end; with the chat template of ${tokenizer.path} it has it ${ends} times`;
      problems.add({ ...place, message });
    }
    const example = truncate(whole.ids, whole.target, maxSeqLen);
    return { example, isCut: example.ids.length < whole.ids.length };
  };
  for (const item of items) {
    const { id, lang, xEn, yEn, xXx, yXx, placeEn, placeXx } = item;
    // The English sequence is the same for all languages.
    const enEn = english.get(id) ?? encode(xEn, yEn, placeEn);
    english.set(id, enEn);
    const four = {
      enEn,
      enXx: encode(xEn, yXx, placeXx),
      xxXx: encode(xXx, yXx, placeXx),
      xxEn: encode(xXx, yEn, placeEn),
    };
    const isCut = SEQUENCES.some((key) => four[key].isCut);
    const isLost = SEQUENCES.some((key) => four[key].example.numTargets === 0);
    if (isLost || (isCut && overflow === 'drop')) {
      dropped.set(lang, (dropped.get(lang) ?? 0) + 1);
      continue;
    }
    if (isCut) truncated.set(lang, (truncated.get(lang) ?? 0) + 1);
    const example: InstructionExample = {
      id,
      lang,
      enEn: enEn.example,
      enXx: four.enXx.example,
      xxXx: four.xxXx.example,
      xxEn: four.xxEn.example,
    };
    for (const key of SEQUENCES) {
      dataset.numTokens += example[key].ids.length;
      hash.update(Buffer.from(example[key].ids.buffer)).update(example[key].target);
    }
    dataset.examples.push(example);
  }
  problems.check();
  dataset.sha256 = hash.digest('hex');
  const counted = (counts: ReadonlyMap<string, number>) =>
    `${named([...counts].map(([lang, n]) => `${lang} ${n}`))} of ${items.length}`;
  if (truncated.size > 0)
    dataset.notes.push(`rows that lose the end of a reply to ${maxSeqLen} tokens: ${counted(truncated)}`);
  if (dropped.size > 0)
    dataset.notes.push(`rows that are left out, longer than ${maxSeqLen} tokens: ${counted(dropped)}`);
  return dataset;
}

/** A sequence, and whether it lost its end. */
interface Sequence {
  example: Example;
  isCut: boolean;
}

function countEnds({ ids, target }: EncodedRow, endId: number | undefined): number {
  return ids.reduce((count, id, i) => count + (target[i] && id === endId ? 1 : 0), 0);
}
