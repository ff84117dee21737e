/** All that is said of models on one plane: their points, the front, English bias, and what naming the country would give. */
import { chanceByLanguage, chanceWarnings } from './chance.ts';
import { type ClusterSums, clusterSums, totals } from './cluster-sums.ts';
import { type BothForms, contextGap, erasure } from './context-bound.ts';
import { figuredItems, measures } from './measures.ts';
import type { Metric } from './metric.ts';
import { type PairedEstimate, pairedEstimate } from './paired.ts';
import { type DrawnPoint, type FrontBand, frontBand, frontShares } from './pareto.ts';
import { drawnPlane, type PlaneOptions, type PlaneResults } from './plane.ts';
import { pairItems, type Result } from './same-items.ts';
import { clusteredStderr } from './standard-error.ts';
import { average, type Estimate } from './statistics.ts';

/** A model that is drawn. */
export interface PlaneModel extends PlaneResults {
  /** The cultural questions with their country named, where the plane's leave it to the language. */
  contextualized?: Result;
}

/** A figure of UNALIGNED (a), of a model (b), and the difference; with its interval where there are items. Shares of 1. */
export type PlaneValue = Pick<PairedEstimate, 'a' | 'b' | 'delta'> & Partial<PairedEstimate>;

/** By language, and their unweighted mean. */
export interface PlaneValues {
  byLanguage: Readonly<Record<string, PlaneValue>>;
  mean: PlaneValue;
}

/** A model. */
export interface PlaneLine {
  name: string;
  transfer: PlaneValues;
  localization: PlaneValues;
  /** Share of answers of the US or the UK to questions of other cultures in other languages. */
  english?: PlaneValues;
  /** Accuracy with the country named. */
  named?: PlaneValues;
  /** Of the change of localization what is not lost: see `Erasure`. */
  suppressed?: { byLanguage: Readonly<Record<string, Estimate>>; mean: Estimate };
  /** Share of resamples in which it is on the Pareto front. */
  onFront?: number;
}

/** A plane. */
export interface PlaneReport {
  /** UNALIGNED, at the origin; its figures are the `a` of each line. */
  baseline: { name: string; onFront?: number; gap?: PlaneValues };
  lines: PlaneLine[];
  /** What random directions do: the least and greatest change of each axis, with 0 among them. Shares of 1. */
  floor?: { transfer: [number, number]; localization: [number, number]; directions: number };
  band: FrontBand[];
  averaged: string[];
  /** What is measured. */
  universal: string;
  cultural: string;
  warnings: string[];
}

/** How a plane is reported. */
export interface ReportOptions extends PlaneOptions {
  universal: string;
  cultural: string;
  /** Under random directions of the norm of a vector. */
  floor?: readonly PlaneResults[];
}

/** Places along localization at which the front's uncertainty is found. */
const PLACES = 161;

/**
 * @param models of names that are all different
 * @throws UserError if results are not of the same items, or axes of other languages
 */
export function reportPlane(
  unaligned: PlaneModel,
  models: readonly PlaneModel[],
  options: ReportOptions,
): PlaneReport {
  const drawn = drawnPlane(unaligned, models, options);
  const floor = drawnPlane(unaligned, options.floor ?? [], options).map(({ point }) => point);
  const averaged = (drawn[0] ?? { point: floor[0] }).point?.transfer.averaged ?? [];
  const own = { ...options, averaged };
  const metric = options.metrics?.cultural ?? 'sum';
  const origin = originOf(unaligned.name, drawn[0]?.drawn.transfer.length ?? 0);
  const all = [origin, ...drawn.map((each) => each.drawn)];
  const shares = drawn.length > 0 ? frontShares(all) : new Map<string, number>();
  const forms = formsOf(unaligned);
  const lines = drawn.map(({ point }, i): PlaneLine => {
    const model = models[i]!;
    const english = englishOf(unaligned.cultural, model.cultural, metric, own);
    const its = formsOf(model);
    const context = forms && its ? erasure(forms, its, { ...own, metric }) : undefined;
    return {
      ...point,
      ...(english ? { english } : {}),
      ...(context ? { named: context.lost, suppressed: context.suppressed } : {}),
      onFront: shares.get(point.name) ?? 0,
    };
  });
  const gap = forms ? contextGap(forms, { ...own, metric }) : undefined;
  return {
    baseline: {
      name: unaligned.name,
      ...(shares.has(unaligned.name) ? { onFront: shares.get(unaligned.name)! } : {}),
      ...(gap ? { gap } : {}),
    },
    lines,
    ...(floor.length > 0
      ? {
          floor: {
            transfer: extremes(floor.map(({ transfer }) => transfer.mean.delta)),
            localization: extremes(floor.map(({ localization }) => localization.mean.delta)),
            directions: floor.length,
          },
        }
      : {}),
    band: drawn.length > 0 ? frontBand(all, places(all)) : [],
    averaged,
    ...{ universal: options.universal, cultural: options.cultural },
    warnings: warningsOf(unaligned, models, own),
  };
}

function originOf(name: string, resamples: number): DrawnPoint {
  return { name, transfer: new Float64Array(resamples), localization: new Float64Array(resamples) };
}

function places(points: readonly DrawnPoint[]): number[] {
  const [low, high] = extremes(points.flatMap(({ localization }) => [...localization]));
  const room = (high - low) / 10;
  return Array.from({ length: PLACES }, (_, i) => low - room + ((high - low + 2 * room) * i) / (PLACES - 1));
}

/** With 0 among them: what does nothing is there. */
function extremes(values: readonly number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [0, 0],
  );
}

function formsOf({ cultural, contextualized }: PlaneModel): BothForms | undefined {
  return contextualized && { decontextualized: cultural, contextualized };
}

function englishOf(a: Result, b: Result, metric: Metric, options: PlaneOptions): PlaneValues | undefined {
  const pairs = pairItems(a, b);
  const english = (side: 'a' | 'b') =>
    measures(
      figuredItems(
        pairs.map((pair) => pair[side]),
        metric,
      ),
      'english',
    );
  const [before, after] = [english('a'), english('b')];
  if (before.length === 0) return undefined;
  // A language may have no question that offers the US or the UK.
  const there = new Set(before.map(({ language }) => language));
  const averaged = options.averaged?.filter((language) => there.has(language));
  return pairedEstimate(before, after, { ...options, averaged: averaged?.length ? averaged : undefined });
}

/** Of all results that are near chance: what a model gains or loses where it guesses says little. */
function warningsOf(
  unaligned: PlaneModel,
  models: readonly PlaneModel[],
  { averaged = [], ...options }: ReportOptions,
): string[] {
  const axes = [
    ['universal', options.universal],
    ['cultural', options.cultural],
  ] as const;
  return [unaligned, ...models].flatMap((model) =>
    axes.flatMap(([axis, task]) => {
      const { items } = model[axis];
      const figured = figuredItems(items, options.metrics?.[axis] ?? 'sum');
      const mean = meanByFormula(clusterSums(measures(figured, 'accuracy')), averaged);
      const chance = chanceByLanguage(items.map(({ item }) => item));
      // The mean's sentence alone: twenty languages of ten models would bury the plane.
      const byLanguage = averaged.length === 1 ? { [averaged[0]!]: mean } : {};
      return chanceWarnings({ byLanguage, mean, averaged: [...averaged] }, chance).map(
        (sentence) => `${model.name}, ${task}: ${sentence}`,
      );
    }),
  );
}

/** With the interval of the normal distribution: resamples of every model would double the time for a warning. */
function meanByFormula(table: ClusterSums, averaged: readonly string[]): Estimate {
  const columns = averaged.map((language) => table.languages.indexOf(language));
  const { sums, counts } = totals(table);
  const mean = average(columns.map((l) => sums[l]! / counts[l]!));
  const stderr = clusteredStderr(table, columns);
  const n = columns.reduce((sum, l) => sum + counts[l]!, 0);
  const room = 1.96 * (stderr ?? 0);
  return {
    ...{ n, nClusters: table.clusters, mean },
    ...(stderr === undefined ? {} : { stderr, ci95: [mean - room, mean + room] }),
  };
}
