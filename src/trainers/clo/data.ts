/** From a recipe's `data` to the four sequences of each pair. */
import {
  ENGLISH,
  encodeInstructions,
  type Instruction,
  type InstructionDataset,
  type InstructionExample,
  readInstructions,
  SEQUENCES,
  splitInstructions,
} from '../../data/parallel/index.ts';
import { UserError } from '../../errors.ts';
import { requireIds } from '../../model/tokenizer/index.ts';
import type { CloRecipe } from '../../recipe/index.ts';
import type { DataSource, ModelSource } from '../../runs/index.ts';
import type { Warn } from '../method.ts';
import { bothProblems } from '../training-data.ts';

/** Instructions as text, read and split. */
export interface CloText {
  train: Instruction[];
  heldOut: Instruction[];
  /** As `run.json` lists them. */
  sources: DataSource[];
  notes: string[];
}

/** The same as tokens. */
export interface CloTokens {
  train: InstructionDataset;
  heldOut: InstructionDataset | undefined;
}

/** Reads what `data` names and splits off what is held out. @throws UserError with the problems of all sources */
export async function readCloText(
  { data, seed }: Pick<CloRecipe, 'data' | 'seed'>,
  cwd: string,
): Promise<CloText> {
  const read = async (source: CloRecipe['data']['eval'], use: DataSource['use']) => {
    if (source === null) return { items: [], notes: [], sources: [] };
    const { path, maxSamples } = source;
    const set = await readInstructions(path, { cwd, languages: [ENGLISH, ...data.languages] });
    const ids = new Set([...new Set(set.items.map(({ id }) => id))].slice(0, maxSamples ?? undefined));
    const items = set.items.filter(({ id }) => ids.has(id));
    return { items, notes: set.notes, sources: [{ path, sha256: set.sha256, rows: items.length, use }] };
  };
  const [train, held] = await bothProblems(read(data.train, 'train'), read(data.eval, 'eval'));
  const found = { sources: [...train.sources, ...held.sources], notes: [...train.notes, ...held.notes] };
  if (data.eval !== null) return { train: train.items, heldOut: held.items, ...found };
  const split = splitInstructions(train.items, data.evalFraction, seed);
  const share = `data.eval_fraction ${data.evalFraction}`;
  if (split.train.length === 0)
    throw new UserError(`${share} holds out all ${train.items.length} pairs; none is left to train on`);
  if (split.heldOut.length === 0 && data.evalFraction > 0)
    throw new UserError(`${share} holds out none of ${train.items.length} pairs; raise it, or set it to 0`);
  return { ...split, ...found };
}

/** Encodes them and says what was left out or cut. @throws UserError if nothing is left */
export function encodeClo(
  { train, heldOut, notes }: CloText,
  { data }: Pick<CloRecipe, 'data'>,
  { tokenizer, config }: Pick<ModelSource, 'tokenizer' | 'config'>,
  warn: Warn,
): CloTokens {
  for (const note of notes) warn(note);
  const encode = (items: readonly Instruction[], what: string): InstructionDataset => {
    const dataset = encodeInstructions(items, tokenizer, data);
    for (const note of dataset.notes) warn(`${what}: ${note}`);
    if (dataset.examples.length === 0)
      throw new UserError(
        `none of the ${items.length} ${what} pairs fits into data.max_seq_len (${data.maxSeqLen} tokens)`,
      );
    for (const example of dataset.examples)
      for (const key of SEQUENCES) requireIds(example[key].ids, config.vocabSize, tokenizer);
    return dataset;
  };
  return {
    train: encode(train, 'training'),
    heldOut: heldOut.length === 0 ? undefined : encode(heldOut, 'held-out'),
  };
}

/** Pairs, languages and tokens in a line. */
export function describePairs({ examples, numTokens }: InstructionDataset): string {
  const count = (n: number) => n.toLocaleString('en-US');
  const languages = [...new Set(examples.map(({ lang }) => lang))].sort();
  return `${count(examples.length)} pairs of English with ${languages.join(' ')}, ${count(numTokens)} tokens in ${SEQUENCES.length} sequences each`;
}

/** Pairs as rows to look at: their own-language sequence. */
export function samplesOf({ examples }: InstructionDataset): InstructionExample['xxXx'][] {
  return examples.map(({ xxXx, lang }) => ({ ...xxXx, lang }));
}
