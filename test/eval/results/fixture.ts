/** Items, scores and keys that tests of results are made of. */
import type { Item, ScoredItem } from '../../../src/eval/item.ts';
import type { EvaluationKey, FiguresOf, TaskKey } from '../../../src/eval/results/index.ts';

export const TASK: TaskKey = {
  options: { variants: '1' },
  sources: ['a'.repeat(64), 'b'.repeat(64)],
  scoring: 'letters',
  prompt: { style: 'figure6', space: true },
  shots: 0,
  seed: 1,
  languages: ['ko', 'sw'],
  split: null,
  limit: null,
};

export const KEY: EvaluationKey = {
  scorer_version: 1,
  weights: `sha256:${'1'.repeat(64)}`,
  tokenizer: '2'.repeat(64),
  chat_template: null,
  embed_scale: 'bf16',
  compute: 'float32',
  storage: 'float32',
  steering: null,
  tasks: { capitals: TASK },
};

/** lm-eval's accuracy, written out. */
export const figuresOf: FiguresOf = ({ item, scores }) => {
  const values = scores.map(({ logprob }) => logprob);
  const best = Math.max(...values);
  const chosen = values.indexOf(best);
  const tied = values.filter((value) => value === best).length;
  const total = values.reduce((sum, value) => sum + Math.exp(value - best), 0);
  return {
    chosen,
    correct: chosen === item.gold,
    tied,
    expected: values[item.gold] === best ? 1 / tied : 0,
    choiceLogProb: values[item.gold]! - best - Math.log(total),
  };
};

/** Item `i` of a language, with scores that depend on both. */
export function scoredItem(i: number, language = 'ko', changes: Partial<ScoredItem> = {}): ScoredItem {
  const item: Item = {
    id: `q${i}`,
    language,
    question: `수도 ${i}?`,
    options: ['서울', '부산', '"대구"\u2028'],
    gold: i % 3,
    cluster: `c${Math.floor(i / 2)}`,
    metadata: { subject: 'geography' },
    doc: { id: i, question: `수도 ${i}?`, answer: null },
    place: { file: `capitals.${language}.jsonl`, line: i + 1 },
  };
  const scores = item.options.map((option, n) => ({
    logprob: -1 - ((i * 7 + n * 3 + language.length) % 5) / 4,
    tokens: n + 1,
    bytes: Buffer.byteLength(option),
    greedy: n === 0,
  }));
  return {
    ...{ item, scores, letterMass: 0.5 },
    ...{ prompt: `질문: ${item.question}\nA:`, continuations: [' A', ' B', ' C'] },
    ...changes,
  };
}
