/** Questions for tests: sums and colours in three languages, with three wrong answers each. */
import { toyPairs } from '../../../src/data/toy.ts';
import type { Item } from '../../../src/eval/item.ts';

/** `n` items of each language. */
export function toyItems(n: number): Item[] {
  return (['en', 'ko', 'zh'] as const).flatMap((language) => {
    const pairs = toyPairs(language);
    return Array.from({ length: n }, (_, i): Item => {
      const index = (i * 13) % 100;
      const [question, answer] = pairs[index]!;
      const others = [1, 2, 3].map((k) => pairs[(index + 11 * k) % 100]![1]);
      const gold = i % 4;
      const options = [...others.slice(0, gold), answer, ...others.slice(gold)];
      const place = { file: 'toy', line: i + 1 };
      const id = String(index);
      return { id, language, question, options, gold, cluster: id, metadata: {}, doc: { question }, place };
    }).filter(({ options }) => new Set(options).size === 4);
  });
}
