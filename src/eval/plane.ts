/** The transfer-localization plane: what a model gains in knowledge that is the same everywhere, and loses of culture. */
import { UserError } from '../errors.ts';
import { figuredItems, measures } from './measures.ts';
import type { Metric } from './metric.ts';
import { type DrawnDifference, type PairedEstimates, pairedWithDraws } from './paired.ts';
import type { DrawnPoint } from './pareto.ts';
import { pairItems, type Result } from './same-items.ts';
import { average, averagedLanguages, type StatisticsOptions } from './statistics.ts';

/** A model's results on both axes. */
export interface PlaneResults {
  name: string;
  /** Of knowledge that is the same everywhere, as Global-MMLU. */
  universal: Result;
  /** Of what depends on culture, as BLEnD. */
  cultural: Result;
}

/** Where a model is on the plane: changes of accuracy against UNALIGNED, shares of 1, with paired clustered intervals. */
export interface PlanePoint {
  name: string;
  transfer: PairedEstimates;
  localization: PairedEstimates;
}

/** How a plane is drawn. */
export interface PlaneOptions extends StatisticsOptions {
  /** Default: sum, which letters need. */
  metrics?: { universal?: Metric; cultural?: Metric };
}

/**
 * The points of models, the origin being `unaligned`. Both axes are means over the same languages.
 *
 * @throws UserError if a model was asked other items than `unaligned`, or the axes are not of the same languages
 */
export function plane(
  unaligned: PlaneResults,
  models: readonly PlaneResults[],
  options: PlaneOptions,
): PlanePoint[] {
  return drawnPlane(unaligned, models, options).map(({ point }) => point);
}

/** A point, and where it is in each resample, as `PlanePoint` in shares of 1. */
export interface DrawnPlanePoint {
  point: PlanePoint;
  drawn: DrawnPoint;
}

/** As `plane`, with what fronts are uncertain by. @throws as `plane` */
export function drawnPlane(
  unaligned: PlaneResults,
  models: readonly PlaneResults[],
  options: PlaneOptions,
): DrawnPlanePoint[] {
  const averaged = sameLanguages(
    languagesOf(unaligned.universal),
    languagesOf(unaligned.cultural),
    options.averaged,
  );
  const own = { ...options, averaged };
  return models.map(({ name, universal, cultural }) => {
    const transfer = change(unaligned.universal, universal, options.metrics?.universal ?? 'sum', own);
    const localization = change(unaligned.cultural, cultural, options.metrics?.cultural ?? 'sum', own);
    return {
      point: { name, transfer: transfer.estimates, localization: localization.estimates },
      drawn: { name, transfer: transfer.draws, localization: turned(localization.draws) },
    };
  });
}

/**
 * Begins in the middle. Both axes are drawn with the same numbers, and resample r of one would choose the r-th questions of the
 * other, which have nothing in common; turned alike for all models, those stay comparable.
 */
function turned(draws: Float64Array): Float64Array {
  const half = draws.length >> 1;
  return draws.map((_, r) => draws[(r + half) % draws.length]!);
}

/** Accuracies by language in any unit. */
export type ByLanguage = Readonly<Record<string, number>>;

/** A point by accuracies alone, as tables give them. */
export interface PlaneChange {
  transfer: { byLanguage: ByLanguage; mean: number };
  localization: { byLanguage: ByLanguage; mean: number };
}

/**
 * The arithmetic of the plane without items: model - UNALIGNED by language, and the unweighted mean of that.
 *
 * @throws UserError if not all four are of the same languages
 */
export function planeChange(
  unaligned: { universal: ByLanguage; cultural: ByLanguage },
  model: { universal: ByLanguage; cultural: ByLanguage },
): PlaneChange {
  return {
    transfer: difference(unaligned.universal, model.universal),
    localization: difference(unaligned.cultural, model.cultural, Object.keys(unaligned.universal)),
  };
}

function difference(before: ByLanguage, after: ByLanguage, languages = Object.keys(before)) {
  const averaged = sameLanguages(languages, Object.keys(before));
  sameLanguages(languages, Object.keys(after));
  // English may be missing on a side; all others are there.
  const shared = languages.filter((language) => language in before && language in after);
  const deltas = shared.map((language): [string, number] => [language, after[language]! - before[language]!]);
  const byLanguage: ByLanguage = Object.fromEntries(deltas);
  return { byLanguage, mean: average(averaged.map((language) => byLanguage[language]!)) };
}

function change(a: Result, b: Result, metric: Metric, options: StatisticsOptions): DrawnDifference {
  const pairs = pairItems(a, b);
  const accuracy = (side: 'a' | 'b') =>
    measures(
      figuredItems(
        pairs.map((pair) => pair[side]),
        metric,
      ),
      'accuracy',
    );
  return pairedWithDraws(accuracy('a'), accuracy('b'), options);
}

function languagesOf({ items }: Result): string[] {
  return [...new Set(items.map(({ item }) => item.language))].sort();
}

/** English may be on one axis only: transfer and localization are of the other languages. */
function sameLanguages(
  universal: readonly string[],
  cultural: readonly string[],
  chosen?: readonly string[],
): string[] {
  const [first, second] = [averagedLanguages(universal, chosen), averagedLanguages(cultural, chosen)].map(
    (languages) => [...languages].sort().join(', '),
  );
  if (first !== second)
    throw new UserError(
      `the plane needs the same languages in all results, found ${first || 'none'} and ${second || 'none'}`,
    );
  return averagedLanguages(universal, chosen);
}
