/** How much two results on the same items differ, and how sure one can be of it. */
import type { Measure } from './cluster-sums.ts';
import { minimalDetectableEffect } from './standard-error.ts';
import { type Estimate, estimateWithDraws, languageMeans, type StatisticsOptions } from './statistics.ts';

/** A figure of two results, and the difference. */
export interface PairedEstimate {
  /** Items, each in both results. */
  n: number;
  nClusters: number;
  a: number;
  b: number;
  /** b - a. */
  delta: number;
  /** Of the delta: clustered bootstrap of the differences of items. */
  ci95?: [number, number];
  /** Of the delta, clustered. */
  stderr?: number;
  /** The smallest difference that would be found with 80 % power at 5 %; absent where all items differ alike. */
  mde?: number;
}

/** Of each language, and of their unweighted mean. */
export interface PairedEstimates {
  byLanguage: Record<string, PairedEstimate>;
  mean: PairedEstimate;
  averaged: string[];
}

/** Estimates, and the difference of means in each resample. */
export interface DrawnDifference {
  estimates: PairedEstimates;
  /** [R] */
  draws: Float64Array;
}

/** @param a measures of the same items as `b`, in the same order */
export function pairedEstimate(
  a: readonly Measure[],
  b: readonly Measure[],
  options: StatisticsOptions,
): PairedEstimates {
  return pairedWithDraws(a, b, options).estimates;
}

/** As `pairedEstimate`, for what combines several differences. */
export function pairedWithDraws(
  a: readonly Measure[],
  b: readonly Measure[],
  options: StatisticsOptions,
): DrawnDifference {
  const differences = a.map((measure, i) => ({ ...measure, value: b[i]!.value - measure.value }));
  const { estimates: delta, draws } = estimateWithDraws(differences, options);
  const before = languageMeans(a, delta.averaged);
  const after = languageMeans(b, delta.averaged);
  const languages = Object.entries(delta.byLanguage);
  const estimates = {
    byLanguage: Object.fromEntries(
      languages.map(([language, found]) => [
        language,
        described(found, before.byLanguage[language]!, after.byLanguage[language]!),
      ]),
    ),
    mean: described(delta.mean, before.mean, after.mean),
    averaged: delta.averaged,
  };
  return { estimates, draws };
}

function described(delta: Estimate, a: number, b: number): PairedEstimate {
  const { n, nClusters, mean, ci95, stderr } = delta;
  const mde = minimalDetectableEffect(stderr);
  return {
    n,
    nClusters,
    a,
    b,
    delta: mean,
    ...(ci95 && { ci95 }),
    ...(stderr !== undefined && { stderr }),
    ...(mde !== undefined && { mde }),
  };
}
