/** `steering.json`: what a study chose and found. Snake case, shares of 1, nats. */
import { relative } from 'node:path';
import { perpendicularityByLayer } from '../../steering/perpendicularity.ts';
import type { SteeringStep, SteeringVector } from '../../steering/vector.ts';
import type { AskedTask } from '../ask.ts';
import type { PairedEstimate } from '../paired.ts';
import type { PlaneLine, PlaneValue } from '../plane-report.ts';
import { average, type Estimate } from '../statistics.ts';
import type { Choice } from './choose.ts';
import type { ChoiceChange, StudyFigures } from './figures.ts';
import type { Prepared } from './prepare.ts';
import type { Place, StudyRequest, StudyVector } from './request.ts';
import type { SweepRecord } from './sweep-file.ts';
import type { StudyVectors } from './vectors.ts';
import type { StudyWay } from './ways.ts';

/** The format that is written. */
export const STUDY_FORMAT = 'isogloss_steering_study_1';

/** Its name in the folder of a study. */
export const STUDY_FILE = 'steering.json';

/** A step as a file tells it: its vector by the path from the folder of the study. */
export interface StepFacts {
  vector: string;
  kind: string;
  layer: number;
  gamma: number;
  tokens: SteeringStep['tokens'];
  /** Of the vector's numbers. */
  identity: string;
}

/** What the report is of, beside its figures. */
export interface StudyFacts {
  kind: string;
  model: string;
  weights: string;
  languages: readonly string[];
  steps: readonly StepFacts[];
  /** How layers and gammas came to be, by vector. */
  choice: Readonly<Record<string, unknown>>;
  /** Degrees between EN and LOC, mean over languages, one a layer; null where one is all zeros. */
  perpendicularity?: readonly (number | null)[];
  questions: Readonly<Record<string, unknown>>;
}

/** Facts of a study that has ended. @param steps of the steered model */
export function studyFacts(
  request: StudyRequest,
  { dir, model, questions }: Prepared,
  vectors: StudyVectors,
  steps: readonly SteeringStep[],
  choices: ReadonlyMap<StudyVector, Choice>,
): StudyFacts {
  const [en, loc] = [vectors.get('en'), vectors.get('loc')];
  const pathOf = (vector: SteeringVector) =>
    [...vectors.values()].find((kept) => kept.vector === vector)!.path;
  const counted = ({ task, items, key }: AskedTask) => ({
    task: task.name,
    items: items.length,
    split: key.split,
  });
  return {
    ...{ kind: request.kind, model: model.name, weights: model.weights, languages: questions.languages },
    steps: steps.map(({ vector, layer, gamma, tokens }) => ({
      vector: relative(dir, pathOf(vector)),
      ...{ kind: vector.facts.kind, layer, gamma, tokens, identity: vector.identity },
    })),
    choice: Object.fromEntries(
      [...choices].map(([kind, { place, sweep }]) => [kind, chosenBy(place, sweep)]),
    ),
    ...(en && loc ? { perpendicularity: meanAngles(en.vector, loc.vector) } : {}),
    questions: {
      dev2: { universal: counted(questions.dev2.universal), cultural: counted(questions.dev2.cultural) },
      test: { universal: counted(questions.test.universal), cultural: counted(questions.test.cultural) },
    },
  };
}

function chosenBy(place: Place, sweep: SweepRecord | undefined) {
  if (sweep === undefined) return { ...place, by: 'told' };
  const { places: _places, format: _format, vector: _vector, ...rest } = sweep;
  return rest;
}

function meanAngles(en: SteeringVector, loc: SteeringVector): (number | null)[] {
  const byLanguage = [...perpendicularityByLayer(en, loc).values()];
  return byLanguage[0]!.map((_, layer) => {
    const own = byLanguage.map((angles) => angles[layer] ?? null);
    const known = own.filter((angle) => angle !== null);
    return known.length < own.length ? null : average(known);
  });
}

/** The text of the file. */
export function studyText(facts: StudyFacts, ways: readonly StudyWay[], figures: StudyFigures): string {
  const { plane, random, choice, warnings } = figures;
  const lines = new Map([...plane.lines, ...random].map((line) => [line.name, line]));
  const [origin, ...others] = ways as [StudyWay, ...StudyWay[]];
  const first = plane.lines[0];
  const json = {
    format: STUDY_FORMAT,
    ...facts,
    plane: { transfer: plane.universal, localization: plane.cultural, averaged: plane.averaged },
    origin: {
      folder: origin.folder,
      ...(first ? accuraciesBefore(first) : {}),
      ...(plane.baseline.gap ? { context_gap: valuesOf(plane.baseline.gap) } : {}),
    },
    ways: others.flatMap((way) => {
      const line = lines.get(way.label);
      return line ? [wayOf(way, line, choice.get(way.label)!)] : [];
    }),
    ...(plane.floor ? { floor: plane.floor } : {}),
    warnings,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function accuraciesBefore({ transfer, localization, english, named }: PlaneLine) {
  return {
    universal: transfer.mean.a,
    cultural: localization.mean.a,
    ...(english ? { english: english.mean.a } : {}),
    ...(named ? { named: named.mean.a } : {}),
  };
}

function wayOf({ folder, label, role, dose }: StudyWay, line: PlaneLine, choice: ChoiceChange) {
  const { transfer, localization, english, named, suppressed } = line;
  return {
    ...{ label, folder, role, dose },
    transfer: valuesOf(transfer),
    localization: valuesOf(localization),
    choice_logprob: { universal: valuesOf(choice.universal), cultural: valuesOf(choice.cultural) },
    ...(english ? { english: valuesOf(english) } : {}),
    ...(named ? { named: valuesOf(named) } : {}),
    ...(suppressed ? { suppressed: { mean: estimateOf(suppressed.mean) } } : {}),
  };
}

function valuesOf({
  mean,
  byLanguage,
}: {
  mean: PlaneValue | PairedEstimate;
  byLanguage: Readonly<Record<string, PlaneValue | PairedEstimate>>;
}) {
  return {
    ...figureOf(mean),
    by_language: Object.fromEntries(
      Object.entries(byLanguage).map(([language, value]) => [language, figureOf(value)]),
    ),
  };
}

function figureOf({ a, b, delta, ci95, n, nClusters }: PlaneValue) {
  return {
    ...{ before: a, after: b, delta },
    ...(ci95 ? { ci95 } : {}),
    ...(n === undefined ? {} : { n, n_clusters: nClusters }),
  };
}

function estimateOf({ mean, ci95, n, nClusters }: Estimate) {
  return { mean, ...(ci95 ? { ci95 } : {}), n, n_clusters: nClusters };
}
