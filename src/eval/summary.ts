/** All figures of a result: what is printed and written of an evaluation. */
import { chanceByLanguage, chanceWarnings } from './chance.ts';
import type { ScoredItem } from './item.ts';
import { type LetterMass, letterMassOf, letterWarnings } from './letter-mass.ts';
import { type Figured, figuredItems, measures } from './measures.ts';
import type { Metric } from './metric.ts';
import { splitBy } from './split.ts';
import { average, type Estimates, estimate, type StatisticsOptions } from './statistics.ts';

/** Figures of items under a metric, for JSON as it is. */
export interface Summary {
  metric: Metric;
  n: number;
  nClusters: number;
  /** lm-eval's accuracy: of tied options the first. */
  accuracy: Estimates;
  /** Accuracy of a fair draw among tied options. */
  expected: Estimates;
  /** Log-probability of the right option among the options, nats. */
  choiceLogProb: Estimates;
  /** Share answered with the US or the UK, of the questions about other cultures that offer it; absent where none does. */
  english?: Estimates;
  /** Items whose largest value several options share, by language. */
  ties: Record<string, number>;
  /** Probability of the letters together; absent where none were scored. */
  letterMass?: LetterMass;
  /** What guessing gets: mean of 1 / options by language, and over the averaged languages. */
  chance: { byLanguage: Record<string, number>; mean: number };
  /** Sentences for the user. */
  warnings: string[];
}

/** A larger share of tied items than this is told: accuracy then depends on the order of options. */
const MANY_TIES = 0.01;

/** @throws UserError for scores that do not give the metric, no items, and what `estimate` refuses */
export function summarize(items: readonly ScoredItem[], metric: Metric, options: StatisticsOptions): Summary {
  const figured = figuredItems(items, metric);
  const accuracy = estimate(measures(figured, 'accuracy'), options);
  const byLanguage = chanceByLanguage(items.map(({ item }) => item));
  const mean = average(accuracy.averaged.map((language) => byLanguage[language]!));
  const english = englishEstimates(figured, options);
  const ties = tiesByLanguage(figured);
  const letterMass = letterMassOf(items);
  const tied = Object.values(ties).reduce((sum, some) => sum + some, 0);
  return {
    metric,
    n: items.length,
    nClusters: new Set(items.map(({ item }) => item.cluster)).size,
    accuracy,
    expected: tied === 0 ? accuracy : estimate(measures(figured, 'expected'), options),
    choiceLogProb: estimate(measures(figured, 'choiceLogProb'), options),
    ...(english ? { english } : {}),
    ties,
    ...(letterMass ? { letterMass } : {}),
    chance: { byLanguage, mean },
    warnings: [
      ...chanceWarnings(accuracy, byLanguage),
      ...letterWarnings(letterMass),
      ...tieWarnings(tied, items.length),
    ],
  };
}

/** Summaries of the parts that a metadata key splits items into. A part is averaged over the languages that it has. */
export function summarizeBy(
  items: readonly ScoredItem[],
  key: string,
  metric: Metric,
  options: StatisticsOptions,
): Record<string, Summary> {
  const parts = [...splitBy(items, key)];
  return Object.fromEntries(
    parts.map(([value, part]) => [value, summarize(part, metric, within(part, options))]),
  );
}

function englishEstimates(figured: readonly Figured[], options: StatisticsOptions): Estimates | undefined {
  const asked = figured.filter(({ figures }) => figures.english !== undefined);
  if (asked.length === 0) return undefined;
  const items = asked.map(({ scored }) => scored);
  return estimate(measures(asked, 'english'), within(items, options));
}

/** The options for some of the items: of the languages to average over those that are still there, or else all. */
function within(part: readonly ScoredItem[], { averaged, ...rest }: StatisticsOptions): StatisticsOptions {
  const left = averaged?.filter((language) => part.some(({ item }) => item.language === language)) ?? [];
  return left.length > 0 ? { ...rest, averaged: left } : rest;
}

function tiesByLanguage(figured: readonly Figured[]): Record<string, number> {
  const ties: Record<string, number> = {};
  for (const { scored, figures } of figured) {
    const { language } = scored.item;
    ties[language] = (ties[language] ?? 0) + (figures.tied > 1 ? 1 : 0);
  }
  return ties;
}

function tieWarnings(tied: number, n: number): string[] {
  if (tied <= MANY_TIES * n) return [];
  return [
    `${tied} of ${n} items have several options with the largest value: accuracy takes the first of them, and depends on their order`,
  ];
}
