/** What guessing would get, and whether a result can be told from it. */
import { groupBy } from './group.ts';
import type { Item } from './item.ts';
import { average, type Estimate, type Estimates } from './statistics.ts';

/** Mean of 1 / options, by language. */
export function chanceByLanguage(items: readonly Item[]): Record<string, number> {
  const byLanguage = groupBy(items, ({ language }) => language);
  return Object.fromEntries(
    [...byLanguage].map(([language, some]) => [
      language,
      average(some.map(({ options }) => 1 / options.length)),
    ]),
  );
}

/**
 * A sentence for each way of showing nothing, with the languages it is said of (and `the mean`): an interval of accuracy that
 * reaches down to chance, one that lies below it, none at all. Empty where all are above chance.
 */
export function chanceWarnings(accuracy: Estimates, chance: Readonly<Record<string, number>>): string[] {
  const { byLanguage, mean, averaged } = accuracy;
  const all = Object.entries(byLanguage).map(([language, found]) => ({
    label: language,
    verdict: verdictOf(found, chance[language]!),
  }));
  const meanChance = average(averaged.map((language) => chance[language]!));
  if (averaged.length > 1) all.push({ label: 'the mean', verdict: verdictOf(mean, meanChance) });
  const found = groupBy(
    all.filter(({ verdict }) => verdict !== undefined),
    ({ verdict }) => verdict!,
  );
  return [...found].map(([verdict, some]) => `${verdict}: ${some.map(({ label }) => label).join(', ')}`);
}

function verdictOf({ ci95, mean, nClusters }: Estimate, chance: number): string | undefined {
  // A single cluster has no interval, and shows nothing.
  if (ci95 === undefined) return 'accuracy of a single question has no interval';
  // Where all questions are answered alike resampling has nothing to draw from, and two right ones would seem certain.
  const [low, high] = ci95[0] === ci95[1] ? wilson95(mean, nClusters) : ci95;
  if (high < chance) return 'accuracy is below chance';
  return low <= chance ? 'accuracy is within noise of chance' : undefined;
}

/** Wilson's interval of a share of `n`, 95 %. */
function wilson95(share: number, n: number): [number, number] {
  const squared = 1.959964 ** 2;
  const centre = share + squared / (2 * n);
  const half = 1.959964 * Math.sqrt((share * (1 - share)) / n + squared / (4 * n * n));
  return [(centre - half) / (1 + squared / n), (centre + half) / (1 + squared / n)];
}
