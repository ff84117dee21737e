/** The figures of a study, from the folders that it wrote: the plane against the model as it is, and what accuracy does not show. */
import { join } from 'node:path';
import { figuredItems, measures } from '../measures.ts';
import type { Metric } from '../metric.ts';
import { type PairedEstimates, pairedEstimate } from '../paired.ts';
import { type NamedFolder, readPlane } from '../plane-input.ts';
import { type PlaneModel, type PlaneReport, reportPlane } from '../plane-report.ts';
import { pairItems, type Result } from '../same-items.ts';
import type { StudyRequest } from './request.ts';
import type { StudyWay } from './ways.ts';

/** Change of the log-probability of the right option among the options, nats, on both axes. */
export interface ChoiceChange {
  universal: PairedEstimates;
  cultural: PairedEstimates;
}

/** What is found of all ways. */
export interface StudyFigures {
  /** All ways but the model as it is, which is the origin; random directions are its floor. */
  plane: PlaneReport;
  /** By label; of random directions, too. */
  choice: ReadonlyMap<string, ChoiceChange>;
  /** Where random directions are on the plane, by label. */
  random: PlaneReport['lines'];
  warnings: string[];
}

/** The plane as it is drawn: points bear the name of their model, as they may stand beside those of others. */
export function drawnPlane(plane: PlaneReport, model: string): PlaneReport {
  return {
    ...plane,
    baseline: { ...plane.baseline, name: model },
    lines: plane.lines.map((line) => ({ ...line, name: `${model} + ${line.name}` })),
  };
}

/** Where results with the country named stand, beside those of a way. */
export const namedFolder = (folder: string): string => `${folder}-named`;

/** @param named labels of ways that were asked with the country named, too */
export async function studyFigures(
  dir: string,
  ways: readonly StudyWay[],
  named: ReadonlySet<string>,
  { asking: { metric, seed }, universal, cultural }: Pick<StudyRequest, 'asking' | 'universal' | 'cultural'>,
): Promise<StudyFigures> {
  const foldersOf = ({ folder, label }: StudyWay): NamedFolder[] => [
    { name: label, dir: join(dir, folder) },
    ...(named.has(label) ? [{ name: label, dir: join(dir, namedFolder(folder)) }] : []),
  ];
  const [origin, ...others] = ways as [StudyWay, ...StudyWay[]];
  const isRandom = ({ role }: StudyWay) => role === 'random';
  const input = await readPlane(
    {
      results: others.filter((way) => !isRandom(way)).flatMap(foldersOf),
      baseline: foldersOf(origin),
      floor: others.filter(isRandom).flatMap(foldersOf),
      ...{ transfer: 'all', universal: universal.name, cultural: cultural.name, metric },
    },
    dir,
  );
  const unaligned = { ...input.unaligned, name: origin.label };
  const { universal: first, cultural: second, metrics } = input;
  const options = { ...{ seed, metrics }, universal: first, cultural: second };
  const plane = reportPlane(unaligned, input.models, { ...options, floor: input.floor });
  const random = input.floor.length > 0 ? reportPlane(unaligned, input.floor, options).lines : [];
  const choice = new Map(
    [...input.models, ...input.floor].map((model) => [
      model.name,
      choiceChange(unaligned, model, metrics, { seed, averaged: plane.averaged }),
    ]),
  );
  // Controls need not do well, and what is steered by a part is told by the whole.
  const told = ways
    .filter(({ role }) => role === 'none' || role === 'steered')
    .map(({ label }) => `${label}, `);
  const warnings = plane.warnings.filter((text) => told.some((name) => text.startsWith(name)));
  return { plane, choice, random, warnings: [...input.warnings, ...warnings] };
}

function choiceChange(
  before: PlaneModel,
  after: PlaneModel,
  metrics: { universal: Metric; cultural: Metric },
  options: { seed: number; averaged: string[] },
): ChoiceChange {
  const change = (a: Result, b: Result, metric: Metric) => {
    const pairs = pairItems(a, b);
    const of = (side: 'a' | 'b') =>
      measures(
        figuredItems(
          pairs.map((pair) => pair[side]),
          metric,
        ),
        'choiceLogProb',
      );
    return pairedEstimate(of('a'), of('b'), options);
  };
  return {
    universal: change(before.universal, after.universal, metrics.universal),
    cultural: change(before.cultural, after.cultural, metrics.cultural),
  };
}
