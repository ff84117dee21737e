/** Items made for tests of statistics. */
import type { Item, OptionScore, ScoredItem } from '../../src/eval/item.ts';

const LETTERS = ['A', 'B', 'C', 'D', 'E', 'F'];

export interface Made extends Partial<Pick<Item, 'id' | 'language' | 'cluster' | 'gold' | 'metadata'>> {
  /** Of the options, in nats: two to six. */
  logprobs: readonly number[];
  scores?: readonly Partial<OptionScore>[];
}

/** An item of `es` in a cluster of its own, the first option right, unless told otherwise. */
export function made({ logprobs, scores, ...given }: Made): ScoredItem {
  const id = given.id ?? 'q1';
  const item: Item = {
    id,
    language: 'es',
    question: '?',
    options: LETTERS.slice(0, logprobs.length),
    gold: 0,
    cluster: id,
    metadata: {},
    doc: {},
    place: { file: 'rows.jsonl', line: 7 },
    ...given,
  };
  const all = logprobs.map((logprob, i) => ({ logprob, tokens: 1, bytes: 1, greedy: false, ...scores?.[i] }));
  return { item, scores: all, prompt: '', continuations: item.options };
}

/** An item of two options that is answered right or wrong. */
export function answered(isRight: boolean, given: Omit<Made, 'logprobs'> = {}): ScoredItem {
  return made({ logprobs: isRight ? [-1, -2] : [-2, -1], ...given });
}
