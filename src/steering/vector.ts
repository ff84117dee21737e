/**
 * Steering vectors: directions added to hidden states at the output of a block.
 *
 * Shape letters: L blocks, D model.
 */
import type { Derived } from './derived.ts';

/** EN is English minus another language on universal questions; LOC contextualised minus decontextualised ones. */
export type VectorKind = 'en' | 'loc' | 'random' | 'other';

/** Which token of a prompt a vector was read at: its last, the mean over all but `<bos>`, or the last of the right answer behind it. */
export type ReadPosition = 'last' | 'mean' | 'answer';

/** Which tokens it is added to: from the last of the prompt on (it predicts the first scored token), or all. */
export type SteeredTokens = 'prompt_end' | 'everywhere';

/** What a vector file says of itself; snake case, as on disk. */
export interface VectorFacts {
  format: 'isogloss_steering_1';
  kind: VectorKind;
  /** Layers are 0-based blocks, and a vector is of the output of its block. */
  layer_convention: 'block_output_0_based';
  read_at: ReadPosition;
  applied_at: SteeredTokens;
  model: {
    /** As it was named. */
    name: string;
    /** `weightsIdentity` */
    weights: string;
    num_hidden_layers: number;
    hidden_size: number;
  };
  /** `tokenizerIdentity` */
  tokenizer: string;
  /** SHA-256 of the chat template that prompts were rendered with; null without one. */
  chat_template: string | null;
  /** What the pairs came from. */
  task: string;
  prompt: Record<string, string | number | boolean | null>;
  split: string;
  seed: number;
  /** By language. */
  pairs: Record<string, { ids: string[]; sha256: string }>;
  /**
   * By language, then by block: length of the vector, and mean length of the hidden states it was taken from (of the side that is
   * steered: the language's own, or those of decontextualised questions).
   */
  norms: Record<string, { vector: number[]; hidden: number[] }>;
  /** Of isogloss and of what computed. */
  versions: Record<string, string>;
  /** How it was extracted, for `steer verify` to do it again; not there of vectors that were made otherwise. */
  extraction?: Extraction;
  /** How it was made from another vector, or brought from another tool; not there of one that was extracted. */
  derived?: Derived;
}

/** What extraction was asked for beside model, task, seed and prompt; snake case, as on disk. */
export interface Extraction {
  /** Of the questions, as it was named; null for the task's own source. */
  path: string | null;
  /** Another tokenizer than the model's, as it was named. */
  tokenizer: string | null;
  /** ISO 639-1, as they were asked for; none: all that the task has, but English. */
  languages: string[];
  /** The task's own, by name. */
  options: Record<string, string>;
  /** SHA-256 of the files that questions came from. */
  sources: string[];
  split_by: 'question' | 'item';
  /** Items of a language in Dev1 and Dev2 at most. */
  dev1: number;
  dev2: number;
  /** Types that were computed in and that weights were kept in. */
  compute: string;
  storage: string;
}

/** A vector a language, for all blocks. Nothing changes its numbers. */
export interface SteeringVector {
  readonly facts: VectorFacts;
  /** By language (ISO 639-1; `*` serves all): L rows of D numbers, one row a block. */
  readonly vectors_LD: ReadonlyMap<string, Float32Array>;
  /** SHA-256 in hex over all numbers, by language. */
  readonly identity: string;
}

/** A vector where it is applied: gamma times its row of that block is added to the block's output. */
export interface SteeringStep {
  vector: SteeringVector;
  layer: number;
  gamma: number;
  tokens: SteeredTokens;
}
