/** Means over languages, and how sure one can be of them. */
import { ENGLISH } from '../data/parallel/languages.ts';
import { UserError } from '../errors.ts';
import { bootstrap, percentile95 } from './bootstrap.ts';
import { type ClusterSums, clusterSums, inOrder, type Measure, totals } from './cluster-sums.ts';
import { clusteredStderr, naiveStderr } from './standard-error.ts';

/** How intervals are drawn. */
export interface StatisticsOptions {
  seed: number;
  /** Of the bootstrap; at least 1,000, the default: quantiles of fewer are noise themselves. */
  resamples?: number;
  /** Languages that the mean is over; by default all but English, or English where it is the only one. */
  averaged?: readonly string[];
}

/** A mean with what it rests on. Errors and intervals are absent where there are fewer than two clusters. */
export interface Estimate {
  /** Items. */
  n: number;
  /** Questions, which come in several variants and languages: what intervals are clustered on. */
  nClusters: number;
  mean: number;
  /** Percentile interval of the clustered bootstrap: see `bootstrap`. */
  ci95?: [number, number];
  /** By formula, clustered: see `clusteredStderr`. */
  stderr?: number;
  /** lm-eval's, of a language; of the mean what they add up to were languages independent. Too small where clusters are shared. */
  naiveStderr?: number;
}

/** Estimates of each language, and of their mean. */
export interface Estimates {
  /** By ISO 639-1, sorted. */
  byLanguage: Record<string, Estimate>;
  /** Unweighted over `averaged`: a language counts the same however many items it has. */
  mean: Estimate;
  averaged: string[];
}

/** At least so many resamples. */
export const RESAMPLES = 1000;

/**
 * @param measures not empty
 * @throws UserError if resamples are too few, or a language to average over is not there
 */
export function estimate(measures: readonly Measure[], options: StatisticsOptions): Estimates {
  return estimateWithDraws(measures, options).estimates;
}

/** Estimates, and what their mean is in each resample. */
export interface DrawnEstimates {
  estimates: Estimates;
  /** [R]; resample r is of the same questions for all measures of the same items and seed. */
  draws: Float64Array;
}

/** As `estimate`, for what combines several figures of the same items. @throws as `estimate` */
export function estimateWithDraws(measures: readonly Measure[], options: StatisticsOptions): DrawnEstimates {
  const resamples = options.resamples ?? RESAMPLES;
  if (!Number.isInteger(resamples) || resamples < RESAMPLES)
    throw new UserError(`intervals need at least ${RESAMPLES} resamples, a whole number; found ${resamples}`);
  if (measures.length === 0) throw new UserError('there are no items to take a mean of');
  const ordered = inOrder(measures);
  const table = clusterSums(ordered);
  const averaged = averagedLanguages(table.languages, options.averaged);
  const columns = averaged.map((language) => table.languages.indexOf(language));
  const all = totals(table);
  const means = all.sums.map((sum, l) => sum / all.counts[l]!);
  const naive = table.languages.map((language) => naiveStderr(valuesOf(ordered, language)));
  const drawn = bootstrap(table, columns, resamples, `${options.seed}/bootstrap`);
  const entry = (l: number): Estimate =>
    described(table, all.counts, [l], means[l]!, naive[l], drawn.byLanguage[l]!);
  const mean = average(columns.map((l) => means[l]!));
  const errors = columns.map((l) => naive[l]);
  const together = errors.includes(undefined)
    ? undefined
    : Math.hypot(...errors.map((x) => x!)) / errors.length;
  const estimates = {
    byLanguage: Object.fromEntries(table.languages.map((language, l) => [language, entry(l)])),
    mean: described(table, all.counts, columns, mean, together, drawn.mean),
    averaged,
  };
  return { estimates, draws: drawn.mean };
}

/**
 * Languages that means are over. Without a choice English is left out: what is asked is what other languages gain or lose.
 *
 * @throws UserError for a chosen one that is not among `languages`
 */
export function averagedLanguages(languages: readonly string[], chosen?: readonly string[]): string[] {
  if (chosen) {
    const missing = chosen.filter((language) => !languages.includes(language));
    if (missing.length > 0 || chosen.length === 0)
      throw new UserError(
        `a mean over ${chosen.join(', ') || 'no language'} needs items of them; there are ${languages.join(', ')}`,
      );
    return [...new Set(chosen)].sort();
  }
  const others = languages.filter((language) => language !== ENGLISH);
  return others.length > 0 ? others : [...languages];
}

/** Means alone, of languages and over them: what `estimate` finds without its errors. */
export function languageMeans(
  measures: readonly Measure[],
  averaged: readonly string[],
): { byLanguage: Record<string, number>; mean: number } {
  const table = clusterSums(measures);
  const all = totals(table);
  const means = all.sums.map((sum, l) => sum / all.counts[l]!);
  const byLanguage = Object.fromEntries(table.languages.map((language, l) => [language, means[l]!]));
  return { byLanguage, mean: average(averaged.map((language) => byLanguage[language]!)) };
}

/** The unweighted mean. */
export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function described(
  table: ClusterSums,
  counts: readonly number[],
  columns: readonly number[],
  mean: number,
  naive: number | undefined,
  resampled: Float64Array,
): Estimate {
  const nClusters = clustersIn(table, columns);
  const stderr = clusteredStderr(table, columns);
  return {
    n: columns.reduce((sum, l) => sum + counts[l]!, 0),
    nClusters,
    mean,
    ...(nClusters < 2 ? {} : { ci95: percentile95(resampled) }),
    ...(stderr === undefined ? {} : { stderr }),
    ...(naive === undefined ? {} : { naiveStderr: naive }),
  };
}

function clustersIn({ languages, clusters, counts }: ClusterSums, columns: readonly number[]): number {
  let found = 0;
  for (let c = 0; c < clusters; c++) if (columns.some((l) => counts[c * languages.length + l]! > 0)) found++;
  return found;
}

function valuesOf(measures: readonly Measure[], language: string): number[] {
  return measures.filter((measure) => measure.language === language).map(({ value }) => value);
}
