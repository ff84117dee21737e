/** Two results side by side: what `isogloss compare A B` shows. */
import { chanceByLanguage, chanceWarnings } from './chance.ts';
import { type McNemar, mcnemar } from './mcnemar.ts';
import { type Figured, figuredItems, measures } from './measures.ts';
import type { Metric } from './metric.ts';
import { type PairedEstimate, type PairedEstimates, pairedEstimate } from './paired.ts';
import { type ItemPair, pairItems, type Result } from './same-items.ts';
import { splitBy } from './split.ts';
import { estimate, type StatisticsOptions } from './statistics.ts';

/** A language, or the mean over languages. */
export interface ComparisonRow {
  /** ISO 639-1, or `mean`. */
  label: string;
  n: number;
  nClusters: number;
  /** lm-eval's, as shares of 1. */
  accuracy: PairedEstimate;
  /** With a fair share for ties. */
  expected: PairedEstimate;
  /** Nats. */
  choiceLogProb: PairedEstimate;
  /** Of the items of this row; of the mean, those of all averaged languages together. */
  mcnemar: McNemar;
}

/** All that is known of a difference, for JSON as it is. */
export interface Comparison {
  a: string;
  b: string;
  metric: Metric;
  averaged: string[];
  /** Languages in sorted order; the mean last, where it is of more than one. */
  rows: ComparisonRow[];
  warnings: string[];
}

/** How two results are compared. */
export interface CompareOptions extends StatisticsOptions {
  /** Taken of both, from their saved scores. Default: sum. */
  metric?: Metric;
}

/** @throws UserError if they are not of the same items, or scores do not give the metric */
export function compareResults(a: Result, b: Result, options: CompareOptions): Comparison {
  return comparePairs(a, b, pairItems(a, b), options);
}

/**
 * A comparison of each part that a metadata key splits the items into; metadata are those of the first result. A language that
 * is to be averaged over and is not in a part is left out there.
 */
export function compareResultsBy(
  a: Result,
  b: Result,
  key: string,
  options: CompareOptions,
): Record<string, Comparison> {
  const partner = new Map(pairItems(a, b).map((pair) => [pair.a, pair.b]));
  const compared = [...splitBy(a.items, key)].map(([value, part]): [string, Comparison] => {
    const averaged = options.averaged?.filter((code) => part.some(({ item }) => item.language === code));
    const pairs = part.map((scored) => ({ a: scored, b: partner.get(scored)! }));
    const some = { ...options, averaged: averaged?.length ? averaged : undefined };
    return [value, comparePairs(a, b, pairs, some)];
  });
  return Object.fromEntries(compared);
}

function comparePairs(a: Result, b: Result, pairs: readonly ItemPair[], options: CompareOptions): Comparison {
  const metric = options.metric ?? 'sum';
  const inA = figuredItems(
    pairs.map((pair) => pair.a),
    metric,
  );
  const inB = figuredItems(
    pairs.map((pair) => pair.b),
    metric,
  );
  const paired = (figure: 'accuracy' | 'expected' | 'choiceLogProb') =>
    pairedEstimate(measures(inA, figure), measures(inB, figure), options);
  const accuracy = paired('accuracy');
  // The same to the last bit where nothing is tied, and intervals take a second of a large benchmark.
  const hasTies = [...inA, ...inB].some(({ figures }) => figures.tied > 1);
  const figures = {
    accuracy,
    expected: hasTies ? paired('expected') : accuracy,
    choiceLogProb: paired('choiceLogProb'),
  };
  const { averaged, byLanguage } = figures.accuracy;
  const row = (
    label: string,
    languages: readonly string[],
    of: (found: PairedEstimates) => PairedEstimate,
  ) => {
    const { n, nClusters } = of(figures.accuracy);
    return {
      label,
      n,
      nClusters,
      accuracy: of(figures.accuracy),
      expected: of(figures.expected),
      choiceLogProb: of(figures.choiceLogProb),
      mcnemar: mcnemar(correct(inA, languages), correct(inB, languages)),
    };
  };
  const rows = Object.keys(byLanguage).map((code) => row(code, [code], (found) => found.byLanguage[code]!));
  if (averaged.length > 1) rows.push(row('mean', averaged, (found) => found.mean));
  const warnings = [...warningsOf(a, inA, options), ...warningsOf(b, inB, options)];
  return { a: a.name, b: b.name, metric, averaged, rows, warnings };
}

function correct(items: readonly Figured[], languages: readonly string[]): boolean[] {
  const some = items.filter(({ scored }) => languages.includes(scored.item.language));
  return some.map(({ figures }) => figures.correct);
}

function warningsOf({ name }: Result, items: readonly Figured[], options: StatisticsOptions): string[] {
  const chance = chanceByLanguage(items.map(({ scored }) => scored.item));
  const warnings = chanceWarnings(estimate(measures(items, 'accuracy'), options), chance);
  return warnings.map((warning) => `${name}: ${warning}`);
}
