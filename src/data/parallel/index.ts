/**
 * Parallel data: the same sentences or instructions in several languages, joined on ids. What belongs here: readers of its
 * layouts, codes of languages, batches of translations, and what of it becomes tokens. Rows that stand alone are in the
 * folder above.
 */
export { type EncodedSentences, encodeSentences } from './encode.ts';
export {
  encodeInstructions,
  type InstructionDataset,
  type InstructionExample,
  type InstructionOptions,
  SEQUENCES,
} from './encode-instructions.ts';
export { type Instruction, type InstructionSet, readInstructions } from './instructions.ts';
export { ENGLISH, languageOf, nearestLanguage } from './languages.ts';
export { createPairOrder, type Pair, type PairMode, type PairOrder, type StepPairs } from './pair-order.ts';
export { type ReadParallelOptions, readParallel } from './read.ts';
export type { ParallelSet } from './set.ts';
export { type InstructionSplit, splitInstructions } from './split.ts';
