/** A line of a samples file: the keys of lm-eval's, and beside them what every metric is derived from again. */
import { UserError } from '../../errors.ts';
import type { Item, OptionScore, ScoredItem } from '../item.ts';
import { sha256 } from './digest.ts';
import { pythonBool, pythonFloat, pythonJson } from './python.ts';

/** Figures of an item, however they are derived. */
export interface Figures {
  /** Index of the option that was chosen. */
  chosen: number;
  /** Is it the right one? */
  correct: boolean;
  /** Options that share the largest value; 1 without a tie. */
  tied: number;
  /** What a fair draw among them would be right. */
  expected: number;
  /** log-share of the right option among all, in nats. */
  choiceLogProb: number;
}

/** Derives figures. Those of a line are by `sum`, lm-eval's `acc`, whatever a result reports. */
export type FiguresOf = (scored: ScoredItem) => Figures;

/** A line of a samples file, keys in lm-eval's order, ours behind them. Numbers that are not finite are null. */
export interface Sample {
  /** Index of the item among those of its language, from 0. */
  doc_id: number;
  doc: Readonly<Record<string, unknown>>;
  target: string;
  /** `gen_args_<option>`: prompt, continuation. */
  arguments: Record<string, { arg_0: string; arg_1: string }>;
  /** Of each option, of its one answer: log-prob and is-greedy, as Python spells them. */
  resps: [[string, string]][];
  filtered_resps: [string, string][];
  filter: 'none';
  metrics: ['acc'];
  /** SHA-256 of `json.dumps(doc, indent=2, ensure_ascii=False)`, of the prompt, and of `target`. */
  doc_hash: string;
  prompt_hash: string;
  target_hash: string;
  acc: 0 | 1;
  /** `evaluationIdentity` of the evaluation that it is part of. */
  evaluation: string;
  language: string;
  item_id: string;
  cluster: string;
  metadata: Readonly<Record<string, string>>;
  question: string;
  options: readonly string[];
  gold: number;
  source_file: string;
  source_line: number;
  chosen: number;
  correct: boolean;
  tied: number;
  acc_expected: number;
  choice_logprob: number | null;
  logprobs: (number | null)[];
  n_tokens: number[];
  n_bytes: number[];
  is_greedy: boolean[];
  unconditional_logprobs?: (number | null)[];
  letter_mass?: number;
}

/**
 * The line of an item. `target` is the index of the right option, as lm-eval's multiple choice has it.
 *
 * @throws UserError where a log-probability is NaN: the model is broken, and no later run would score the item again
 */
export function toSample(
  docId: number,
  scored: ScoredItem,
  evaluation: string,
  figuresOf: FiguresOf,
): Sample {
  const { item, scores, prompt, continuations, letterMass } = scored;
  requireNumbers(scored);
  const figures = figuresOf(scored);
  const answers = scores.map(({ logprob, greedy }): [string, string] => [
    pythonFloat(logprob),
    pythonBool(greedy),
  ]);
  const target = String(item.gold);
  const pmi = scores.some(({ unconditional }) => unconditional !== undefined);
  return {
    doc_id: docId,
    doc: item.doc,
    target,
    arguments: Object.fromEntries(
      continuations.map((continuation, i) => [`gen_args_${i}`, { arg_0: prompt, arg_1: continuation }]),
    ),
    resps: answers.map((answer) => [answer]),
    filtered_resps: answers,
    filter: 'none',
    metrics: ['acc'],
    doc_hash: sha256(pythonJson(item.doc, 2)),
    prompt_hash: sha256(prompt),
    target_hash: sha256(target),
    acc: figures.correct ? 1 : 0,
    evaluation,
    language: item.language,
    item_id: item.id,
    cluster: item.cluster,
    metadata: item.metadata,
    question: item.question,
    options: item.options,
    gold: item.gold,
    source_file: item.place.file,
    source_line: item.place.line,
    chosen: figures.chosen,
    correct: figures.correct,
    tied: figures.tied,
    acc_expected: figures.expected,
    choice_logprob: finite(figures.choiceLogProb),
    logprobs: scores.map(({ logprob }) => finite(logprob)),
    n_tokens: scores.map(({ tokens }) => tokens),
    n_bytes: scores.map(({ bytes }) => bytes),
    is_greedy: scores.map(({ greedy }) => greedy),
    ...(pmi ? { unconditional_logprobs: scores.map((score) => finite(score.unconditional!)) } : {}),
    ...(letterMass === undefined ? {} : { letter_mass: letterMass }),
  };
}

/** What was scored, from its line; a null log-probability is that of an option that cannot be. */
export function fromSample(sample: Sample): ScoredItem {
  const item: Item = {
    id: sample.item_id,
    language: sample.language,
    question: sample.question,
    options: sample.options,
    gold: sample.gold,
    cluster: sample.cluster,
    metadata: sample.metadata,
    doc: sample.doc,
    place: { file: sample.source_file, line: sample.source_line },
  };
  const scores = sample.logprobs.map((logprob, i): OptionScore => {
    const unconditional = sample.unconditional_logprobs?.[i];
    return {
      logprob: logprob ?? Number.NEGATIVE_INFINITY,
      tokens: sample.n_tokens[i]!,
      bytes: sample.n_bytes[i]!,
      greedy: sample.is_greedy[i]!,
      ...(unconditional === undefined ? {} : { unconditional: unconditional ?? Number.NEGATIVE_INFINITY }),
    };
  });
  const asked = sample.options.map((_, i) => sample.arguments[`gen_args_${i}`]!);
  return {
    item,
    scores,
    ...(sample.letter_mass === undefined ? {} : { letterMass: sample.letter_mass }),
    prompt: asked[0]!.arg_0,
    continuations: asked.map(({ arg_1 }) => arg_1),
  };
}

/**
 * A line that was read, if it has all that `fromSample` needs.
 *
 * @returns or what is wrong with it
 */
export function parseSample(text: string): Sample | string {
  let value: Partial<Sample> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is no JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no JSON object';
  const missing = missingKeys(value);
  return missing.length > 0 ? `has no ${missing.join(', ')} that could be read` : (value as Sample);
}

function missingKeys(value: Partial<Sample>): string[] {
  const options = Array.isArray(value.options) ? value.options.length : 0;
  const each = (list: unknown, good: (part: unknown) => boolean) =>
    Array.isArray(list) && list.length === options && list.every(good);
  const text = (part: unknown) => typeof part === 'string';
  const count = (part: unknown) => Number.isSafeInteger(part) && (part as number) >= 0;
  const nats = (part: unknown) => part === null || Number.isFinite(part);
  const asked = Array.from({ length: options }, (_, i) => value.arguments?.[`gen_args_${i}`]);
  const { unconditional_logprobs: unconditional, letter_mass: mass } = value;
  const good: Partial<Record<keyof Sample, boolean>> = {
    doc_id: count(value.doc_id),
    doc: isObject(value.doc),
    arguments: asked.every((pair) => text(pair?.arg_0) && text(pair?.arg_1)),
    doc_hash: text(value.doc_hash),
    prompt_hash: text(value.prompt_hash),
    target_hash: text(value.target_hash),
    evaluation: text(value.evaluation),
    language: text(value.language),
    item_id: text(value.item_id),
    cluster: text(value.cluster),
    metadata: isObject(value.metadata) && Object.values(value.metadata).every(text),
    question: text(value.question),
    options: options >= 2 && each(value.options, text),
    gold: count(value.gold) && value.gold! < options,
    source_file: text(value.source_file),
    source_line: count(value.source_line),
    logprobs: each(value.logprobs, nats),
    n_tokens: each(value.n_tokens, count),
    n_bytes: each(value.n_bytes, count),
    is_greedy: each(value.is_greedy, (part) => typeof part === 'boolean'),
    unconditional_logprobs: unconditional === undefined || each(unconditional, nats),
    letter_mass: mass === undefined || Number.isFinite(mass),
  };
  return Object.entries(good)
    .filter(([, fine]) => !fine)
    .map(([key]) => key);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function requireNumbers({ item, scores, letterMass }: ScoredItem): void {
  const values = scores.flatMap(({ logprob, unconditional }) => [logprob, unconditional ?? 0]);
  const bad = [...values, letterMass ?? 0].find((x) => Number.isNaN(x) || x === Number.POSITIVE_INFINITY);
  if (bad === undefined) return;
  const message = `the model gives ${pythonFloat(bad)} as a log-probability of item ${item.id} in ${item.language}`;
  throw new UserError({ ...item.place, message });
}
