/** Layers and gammas, as they were told or as Dev2 has it. */
import { join } from 'node:path';
import { exists, replaceFile } from '../../runs/run-files.ts';
import { choosePlace, type PlaceChoice } from '../../steering/choice.ts';
import type { DrawnDifference } from '../paired.ts';
import type { LazyModel } from './lazy-model.ts';
import type { Prepared } from './prepare.ts';
import type { Place, StudyOptions, StudyRequest, StudyVector } from './request.ts';
import { type Swept, type SweptFigure, sweepPlaces } from './sweep.ts';
import { readSweep, type SweepRecord, sweepText } from './sweep-file.ts';
import type { KeptVector, StudyVectors } from './vectors.ts';

/** Where a vector is added, and how that came to be. */
export interface Choice {
  place: Place;
  /** Undefined where it was told. */
  sweep?: SweepRecord;
}

/** Depth of the model at which the paper adds each: layers 20 and 28 of 48. */
const DEPTH = { en: 20 / 47, loc: 28 / 47 } as const;

/** Of each vector. A sweep that lies in the folder is not made again. */
export async function chooseSteps(
  request: StudyRequest,
  prepared: Prepared,
  vectors: StudyVectors,
  model: LazyModel,
  options: StudyOptions,
): Promise<ReadonlyMap<StudyVector, Choice>> {
  const found = new Map<StudyVector, Choice>();
  for (const [kind, kept] of vectors) {
    const place = request.fixed[kind];
    found.set(kind, place ? { place } : await chosen(kind, kept, request, prepared, model, options));
  }
  return found;
}

async function chosen(
  kind: StudyVector,
  { vector }: KeptVector,
  request: StudyRequest,
  { dir, questions }: Prepared,
  model: LazyModel,
  options: StudyOptions,
): Promise<Choice> {
  const name = `sweep-${kind}.json`;
  const path = join(dir, name);
  if (!(await exists(path))) {
    const swept = await sweepPlaces(kind, vector, request, questions.dev2, model, options);
    const choice = choiceOf(kind, swept, request, vector.facts.model.num_hidden_layers);
    const { curve, best, within, layer, gamma, value, stderr } = choice;
    const record = {
      vector: { kind, identity: vector.identity },
      by: request.chooseBy,
      ...{ chosen: { layer, gamma, value, stderr }, best, within, curve },
      allowed: swept.filter((one) => isAllowed(kind, one, request)).length,
      places: swept.map(onDisk),
    };
    await replaceFile(path, sweepText(record));
  }
  // Read back, so that a study that went on has the very numbers of one that did not.
  const sweep = readSweep(path, join(request.out, name), vector.identity);
  const { layer, gamma } = sweep.chosen;
  options.onStage(`${kind}: layer ${layer} x ${gamma}, ${reason(kind, sweep)}`);
  return { place: { layer, gamma }, sweep };
}

/** EN is to raise transfer, LOC localization; each by the measure that was asked for. */
function choiceOf(
  kind: StudyVector,
  swept: readonly Swept[],
  request: StudyRequest,
  layers: number,
): PlaceChoice {
  const tried = swept.map((one) => {
    const own = measured(one, request)[kind === 'en' ? 'universal' : 'cultural'];
    const { layer, gamma } = one;
    return {
      ...{ layer, gamma, value: own.estimates.mean.delta, draws: own.draws },
      isAllowed: isAllowed(kind, one, request),
    };
  });
  return choosePlace(tried, DEPTH[kind], layers);
}

/** LOC may cost no more transfer than noise does: the interval of the change must not lie below 0. */
function isAllowed(kind: StudyVector, one: Swept, request: StudyRequest): boolean {
  if (kind === 'en') return true;
  const { delta, ci95 } = measured(one, request).universal.estimates.mean;
  return ci95 === undefined ? delta >= 0 : ci95[1] >= 0;
}

function measured({ accuracy, choiceLogProb }: Swept, { chooseBy }: StudyRequest): SweptFigure {
  return chooseBy === 'accuracy' ? accuracy : choiceLogProb;
}

function onDisk({ layer, gamma, accuracy, choiceLogProb }: Swept): SweepRecord['places'][number] {
  const axes = ({ universal, cultural }: SweptFigure) => ({
    universal: changeOf(universal),
    cultural: changeOf(cultural),
  });
  return { layer, gamma, accuracy: axes(accuracy), choice_logprob: axes(choiceLogProb) };
}

function changeOf({ estimates: { mean, byLanguage } }: DrawnDifference) {
  const { a, b, delta, ci95, stderr } = mean;
  return {
    ...{ before: a, after: b, delta },
    ...(ci95 ? { ci95 } : {}),
    ...(stderr === undefined ? {} : { stderr }),
    by_language: Object.fromEntries(
      Object.entries(byLanguage).map(([language, own]) => [language, own.delta]),
    ),
  };
}

/** A sentence's end: how sure the choice is. */
function reason(
  kind: StudyVector,
  { chosen: { value, stderr }, best, within, by, places, allowed }: SweepRecord,
): string {
  const [of, scale, digits, unit] =
    by === 'accuracy'
      ? (['accuracy', 100, 1, 'points'] as const)
      : (['log-probability of the right option', 1, 3, 'nats'] as const);
  const change = `${value < 0 ? '-' : '+'}${Math.abs(scale * value).toFixed(digits)} ± ${(scale * stderr).toFixed(digits)} ${unit}`;
  const cost =
    kind === 'loc' ? `; ${allowed} of ${places.length} places cost no transfer that can be told` : '';
  const doubt = best.value <= best.stderr ? '; none is better than no steering by more than its error' : '';
  return `${change} of ${kind === 'en' ? 'universal' : 'cultural'} ${of} on Dev2, the least gamma of ${within} places within one error of the best${doubt}${cost}`;
}
