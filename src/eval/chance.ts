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
 * A sentence for the mean and one for languages of which the 95 % interval of accuracy reaches down to chance: what they gain
 * or lose says little. Empty where all are above it.
 */
export function chanceWarnings(accuracy: Estimates, chance: Readonly<Record<string, number>>): string[] {
  const warnings = [];
  const { byLanguage, mean, averaged } = accuracy;
  const meanChance = average(averaged.map((language) => chance[language]!));
  if (averaged.length > 1 && isNear(mean, meanChance))
    warnings.push(`the mean of ${averaged.join(', ')} is ${relation(mean, meanChance)}`);
  for (const [language, found] of Object.entries(byLanguage))
    if (isNear(found, chance[language]!))
      warnings.push(`${language} is ${relation(found, chance[language]!)}`);
  return warnings;
}

/** A single cluster has no interval, and shows nothing. */
function isNear({ ci95 }: Estimate, chance: number): boolean {
  return ci95 === undefined || ci95[0] <= chance;
}

function relation({ mean, ci95, n, nClusters }: Estimate, chance: number): string {
  const where = ci95 && ci95[1] < chance ? 'below chance' : 'within noise of chance';
  const interval = ci95 ? `${percent(ci95[0])} to ${percent(ci95[1])}` : 'no interval';
  return `${where}: accuracy ${percent(mean)} (${interval}, ${n} items, ${nClusters} questions), chance ${percent(chance)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
