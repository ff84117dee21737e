/** From a recipe's `align` to encoded translations. */
import {
  createPairOrder,
  ENGLISH,
  type EncodedSentences,
  encodeSentences,
  type PairOrder,
  type ParallelSet,
  readParallel,
} from '../../data/parallel/index.ts';
import { type Problem, UserError } from '../../errors.ts';
import { requireIds } from '../../model/tokenizer/index.ts';
import type { MidalignRecipe } from '../../recipe/index.ts';
import type { DataSource, ModelSource } from '../../runs/index.ts';
import type { Warn } from '../method.ts';

/** Translations as text. */
export interface AlignText {
  train: ParallelSet;
  heldOut: ParallelSet | undefined;
  /** As `run.json` lists them. */
  sources: DataSource[];
}

/** Translations as tokens. */
export interface AlignTokens {
  order: PairOrder;
  train: Sentences;
  heldOut: Sentences | undefined;
}

/** A parallel set and its tokens. */
export interface Sentences extends Pick<ParallelSet, 'languages' | 'ids'> {
  tokens: EncodedSentences;
}

/** Reads what `align` names. @throws UserError with the problems of both sides */
export async function readAlignText(
  { align, seed }: Pick<MidalignRecipe, 'align' | 'seed'>,
  cwd: string,
): Promise<AlignText> {
  const problems: Problem[] = [];
  const sources: DataSource[] = [];
  const languages = [ENGLISH, ...align.languages];
  const read = async (
    source: MidalignRecipe['align']['train'] | null,
    use: DataSource['use'],
  ): Promise<ParallelSet | undefined> => {
    if (source === null) return undefined;
    const { path, split, maxSamples } = source;
    try {
      const set = await readParallel(path, { cwd, languages, split: split ?? undefined });
      const ids = set.ids.slice(0, maxSamples ?? undefined);
      sources.push({ path, sha256: set.sha256, rows: ids.length, use });
      return { ...set, ids };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const train = await read(align.train, 'align_train');
  const heldOut = await read(align.eval, 'align_eval');
  // Found out now, not when there is a model.
  if (train !== undefined) problems.push(...pairProblems(train, align, seed));
  if (heldOut?.ids.length === 1)
    problems.push({
      file: align.eval!.path,
      message: 'has one sentence to hold out, and no other to tell it from; align.eval needs two or more',
    });
  if (problems.length > 0) throw new UserError(distinct(problems));
  return { train: train!, heldOut, sources };
}

function pairProblems(
  { ids, languages }: ParallelSet,
  { train, batchSize, pairs }: MidalignRecipe['align'],
  seed: number,
): Problem[] {
  try {
    createPairOrder(seed, ids, languages, batchSize, pairs);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.problems.map((problem) => ({ file: train.path, ...problem }));
  }
}

/** Each once: training and held-out sentences mostly come from one place, and lack the same languages. */
function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** Encodes them and says what was left out or cut. @throws UserError if tokenizer and model do not belong together */
export function encodeAlign(
  { train, heldOut }: AlignText,
  { align, seed }: Pick<MidalignRecipe, 'align' | 'seed'>,
  { tokenizer, config }: Pick<ModelSource, 'tokenizer' | 'config'>,
  warn: Warn,
): AlignTokens {
  const encode = (set: ParallelSet): Sentences => {
    const tokens = encodeSentences(set, tokenizer, align.maxSeqLen);
    for (const note of [...set.notes, ...tokens.notes]) warn(note);
    for (const language of set.languages)
      for (const index of set.ids.keys())
        requireIds(tokens.ids(language, index), config.vocabSize, tokenizer);
    return { languages: set.languages, ids: set.ids, tokens };
  };
  const encoded = encode(train);
  if (heldOut !== undefined) {
    const [language] = train.languages;
    const seen = new Set(train.ids.map((_, index) => train.text(language!, index)));
    const both = heldOut.ids.filter((_, index) => seen.has(heldOut.text(language!, index))).length;
    if (both > 0)
      warn(
        `${both} of ${heldOut.ids.length} sentences of align.eval are aligned in training, too; they measure nothing new`,
      );
  }
  return {
    order: createPairOrder(seed, encoded.ids, encoded.languages, align.batchSize, align.pairs),
    train: encoded,
    heldOut: heldOut && encode(heldOut),
  };
}

/** How many blocks run. @throws UserError if the model has fewer */
export function layerOf({ align }: Pick<MidalignRecipe, 'align'>, numHiddenLayers: number): number {
  const layer = align.layer ?? Math.max(1, Math.floor(numHiddenLayers / 2));
  if (layer <= numHiddenLayers) return layer;
  throw new UserError(`align.layer is ${layer}, and the model has ${numHiddenLayers} blocks`);
}

/** What is aligned, in a line. */
export function describeAlign({ order, train, heldOut }: AlignTokens, layer: number, of: number): string {
  const count = (n: number) => n.toLocaleString('en-US');
  const held = heldOut ? `; ${count(heldOut.ids.length)} sentences held out` : '';
  return (
    `${count(order.pairsPerEpoch)} pairs of ${count(train.ids.length)} sentences in ${train.languages.join(' ')}, ` +
    `after ${layer} of ${of} blocks${held}`
  );
}
