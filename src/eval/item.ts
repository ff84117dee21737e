/** What evaluation is about: questions with options, and what a model gives to each. The one contract of tasks, scoring, files and statistics. */
import type { Place } from '../data/index.ts';

/** A question in one language. */
export interface Item {
  /** The same for all languages of a question, and unique within one: what languages are intersected on. */
  id: string;
  /** ISO 639-1, as recipes write it. */
  language: string;
  question: string;
  /** At least two, none empty, no two alike. */
  options: readonly string[];
  /** Index of the right option. */
  gold: number;
  /** What intervals are clustered on: a question with all its variants and languages. */
  cluster: string;
  /** What figures may be split by: subject, topic, culture label, the countries of options (`US|Spain|..`). */
  metadata: Readonly<Record<string, string>>;
  /** The row as it was read, for samples files. */
  doc: Readonly<Record<string, unknown>>;
  place: Place;
}

/** What a model gives to one option of an item; all that metrics are derived from. */
export interface OptionScore {
  /** log p(option | prompt) in nats: of its letter, or the sum over its tokens. */
  logprob: number;
  /** Tokens and UTF-8 bytes of what was scored. */
  tokens: number;
  bytes: number;
  /** Is every token the likeliest one at its place (lm-eval's `is_greedy`)? */
  greedy: boolean;
  /** log p(option) without the question, where it was asked for (PMI). */
  unconditional?: number;
}

/** An item with the scores of its options, in their order. */
export interface ScoredItem {
  item: Item;
  scores: readonly OptionScore[];
  /** Probability of all letter tokens of all options together, where letters are scored. */
  letterMass?: number;
  /** The text before the options' continuations, as it was encoded, and the continuations. */
  prompt: string;
  continuations: readonly string[];
}
