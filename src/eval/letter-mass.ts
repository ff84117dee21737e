/** How much of a model's probability goes to the letters at all: one that does not answer with a letter is not asked well. */
import { groupBy } from './group.ts';
import type { ScoredItem } from './item.ts';
import { average } from './statistics.ts';

/** Mean probability of all letters together, both with and without a space before them, as a share of 1. */
export interface LetterMass {
  byLanguage: Record<string, number>;
  /** Over all items. */
  mean: number;
}

/** Below this share a model does not take the question for one of letters; one that does gives them most of it. */
const LITTLE = 0.1;

/** Undefined where no letters were scored. */
export function letterMassOf(items: readonly ScoredItem[]): LetterMass | undefined {
  const asked = items.filter(({ letterMass }) => letterMass !== undefined);
  if (asked.length === 0) return undefined;
  const mean = (some: readonly ScoredItem[]) => average(some.map(({ letterMass }) => letterMass!));
  const byLanguage = [...groupBy(asked, ({ item }) => item.language)].map(
    ([language, some]) => [language, mean(some)] as const,
  );
  return { byLanguage: Object.fromEntries(byLanguage), mean: mean(asked) };
}

/** A sentence naming the languages in which letters have little of the probability; none where it is enough in all. */
export function letterWarnings(mass: LetterMass | undefined): string[] {
  const little = Object.entries(mass?.byLanguage ?? {}).filter(([, share]) => share < LITTLE);
  if (little.length === 0) return [];
  const shares = little.map(([language, share]) => `${language} ${percent(share)}`).join(', ');
  return [
    `the letters have less than ${percent(LITTLE)} of the probability (${shares}): the model does not answer with a letter; --scoring text asks otherwise`,
  ];
}

/** A share in points of 100. */
export function percent(share: number): string {
  const points = 100 * share;
  if (points > 0 && points < 0.1) return 'under 0.1 %';
  return `${Number(points.toFixed(1))} %`;
}
