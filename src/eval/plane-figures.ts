/** Reports as the figures of the paper that show them: 2a, 2b, 2c and 5a of a plane, 5b of checkpoints. */
import type { TopLevelSpec } from 'vega-lite';
import type { PlaneLine, PlaneReport, PlaneValue, PlaneValues } from './plane-report.ts';
import { biasSpec, changesSpec, type PlotPoint, planeSpec } from './plots/index.ts';
import type { Estimates } from './statistics.ts';

/** The plane itself. Languages are drawn where they are few enough to be seen behind the means: of all but steered models. */
export function planeFigure(
  report: PlaneReport,
  { title, languages = report.lines.length <= 6 }: { title?: string; languages?: boolean } = {},
): TopLevelSpec {
  const { baseline, lines, floor, band, universal, cultural, averaged } = report;
  const percent = (values: readonly [number, number]): [number, number] => [100 * values[0], 100 * values[1]];
  return planeSpec({
    baseline: baseline.name,
    points: lines.map((line) => pointOf(line, averaged, languages)),
    ...(floor
      ? { floor: { transfer: percent(floor.transfer), localization: percent(floor.localization) } }
      : {}),
    band: band.map(({ localization, low, median, high }) => ({
      ...{ localization: 100 * localization, low: 100 * low, median: 100 * median, high: 100 * high },
    })),
    axes: {
      transfer: `Transfer: change on ${universal}, points`,
      localization: `Localization: change on ${cultural}, points`,
    },
    ...(title === undefined ? {} : { title }),
    notes: [`mean over ${averaged.join(' ')}`],
  });
}

/** What each model changes in each language, on one axis. */
export function changesFigure(
  report: PlaneReport,
  axis: 'transfer' | 'localization',
  { title }: { title?: string } = {},
): TopLevelSpec {
  const { lines, averaged, baseline } = report;
  const measured = axis === 'transfer' ? report.universal : report.cultural;
  const row = (name: string, language: string, { delta, ci95 }: PlaneValue) => ({
    ...{ name, language, change: 100 * delta },
    ...(ci95 ? { interval: [100 * ci95[0], 100 * ci95[1]] as const } : {}),
  });
  return changesSpec({
    title: title ?? `${axis === 'transfer' ? 'Transfer' : 'Localization'}: ${measured}`,
    measured: `Change against ${baseline.name}, points`,
    rows: lines.flatMap((line) => [
      row(line.name, 'mean', line[axis].mean),
      ...inOrder(line[axis], averaged).map(([language, value]) => row(line.name, language, value)),
    ]),
  });
}

/** The share of answers of the US or the UK, as `Summary` has it. */
export type EnglishShare = Pick<Estimates, 'mean'>;

/** A training by its checkpoints. */
export interface EnglishSteps {
  name: string;
  steps: readonly { step: number; english: EnglishShare }[];
  /** The last checkpoint under SUR. */
  steered?: EnglishShare;
}

/** English bias along checkpoints, beside UNALIGNED; summaries of evaluations that were asked the same questions. */
export function biasFigure(
  curves: readonly EnglishSteps[],
  unaligned?: { english: EnglishShare; steered?: EnglishShare },
): TopLevelSpec {
  const share = ({ mean: { mean, ci95 } }: EnglishShare) => ({
    share: 100 * mean,
    ...(ci95 ? { interval: [100 * ci95[0], 100 * ci95[1]] as const } : {}),
  });
  return biasSpec({
    curves: curves.map(({ name, steps, steered }) => ({
      name,
      points: steps.map(({ step, english }) => ({ step, ...share(english) })),
      ...(steered ? { steered: share(steered) } : {}),
    })),
    ...(unaligned
      ? {
          unaligned: {
            share: share(unaligned.english).share,
            ...(unaligned.steered ? { steered: share(unaligned.steered) } : {}),
          },
        }
      : {}),
  });
}

function pointOf(line: PlaneLine, averaged: readonly string[], withLanguages: boolean): PlotPoint {
  const { name, transfer, localization, onFront } = line;
  const interval = ({ mean: { ci95 } }: PlaneValues) => ci95 && ([100 * ci95[0], 100 * ci95[1]] as const);
  const [up, across] = [interval(transfer), interval(localization)];
  return {
    ...{ name, transfer: 100 * transfer.mean.delta, localization: 100 * localization.mean.delta },
    ...(up ? { transferInterval: up } : {}),
    ...(across ? { localizationInterval: across } : {}),
    ...(onFront === undefined ? {} : { onFront }),
    ...(withLanguages
      ? {
          byLanguage: inOrder(transfer, averaged).map(([language, value]) => ({
            ...{ language, transfer: 100 * value.delta },
            localization: 100 * localization.byLanguage[language]!.delta,
          })),
        }
      : {}),
  };
}

function inOrder({ byLanguage }: PlaneValues, averaged: readonly string[]): [string, PlaneValue][] {
  return averaged.map((language) => [language, byLanguage[language]!]);
}
