/** Layers and gammas, as they were told or as Dev2 has it. */
import { join } from 'node:path';
import { breathe, Interrupted } from '../../runs/index.ts';
import { exists, replaceFile } from '../../runs/run-files.ts';
import { readTextFile } from '../../text.ts';
import type { AskedTask } from '../ask.ts';
import { type Cell, scoreCells } from '../cells.ts';
import { groupBy } from '../group.ts';
import type { ScoredItem } from '../item.ts';
import { figuredItems, measures } from '../measures.ts';
import { languageMeans } from '../statistics.ts';
import type { LazyModel } from './lazy-model.ts';
import type { Prepared } from './prepare.ts';
import type { Place, StudyOptions, StudyRequest, StudyVector } from './request.ts';
import type { KeptVector, StudyVectors } from './vectors.ts';

/** Where a vector is added, and how that came to be: JSON for the report. */
export interface Choice {
  place: Place;
  facts: Readonly<Record<string, unknown>>;
}

/** A place that was tried, and what it changes on Dev2; shares of 1. */
interface Tried extends Place {
  transfer: number;
  localization: number;
}

/** Of each vector. What was tried is kept in `sweep-KIND.json`, and not tried again. */
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
    if (place !== undefined) found.set(kind, { place, facts: { ...place, by: 'told' } });
    else found.set(kind, await chosen(kind, kept, request, prepared, model, options));
  }
  return found;
}

async function chosen(
  kind: StudyVector,
  kept: KeptVector,
  request: StudyRequest,
  { dir, questions }: Prepared,
  model: LazyModel,
  options: StudyOptions,
): Promise<Choice> {
  const path = join(dir, `sweep-${kind}.json`);
  const tried = (await exists(path))
    ? (JSON.parse(readTextFile(path, path)) as Tried[])
    : await tryAll(kind, kept, request, questions.dev2, await model.get(), options);
  await replaceFile(path, `${JSON.stringify(tried)}\n`);
  const value = (one: Tried) => (kind === 'en' ? one.transfer : one.localization + Math.min(0, one.transfer));
  const best = tried.reduce((a, b) => (value(b) > value(a) ? b : a));
  return { place: { layer: best.layer, gamma: best.gamma }, facts: { by: 'dev2', tried } };
}

async function tryAll(
  kind: StudyVector,
  { vector }: KeptVector,
  { layers, gammas, appliedAt, tokenBudget, out }: StudyRequest,
  { universal, cultural }: { universal: AskedTask; cultural: AskedTask },
  model: Awaited<ReturnType<LazyModel['get']>>,
  { stop, onStage, onCount }: StudyOptions,
): Promise<Tried[]> {
  const all = layers ?? Array.from({ length: model.config.numHiddenLayers }, (_, layer) => layer);
  const places = all.flatMap((layer) => gammas.map((gamma): Place => ({ layer, gamma })));
  const cells: Cell[] = [[], ...places.map((place) => [{ vector, ...place, tokens: appliedAt }])];
  onStage(`Dev2: ${kind} at ${all.length} layers x ${gammas.length} gammas`);
  const changes: number[][] = [];
  for (const { prepared, task } of [universal, cultural]) {
    const scored: ScoredItem[][] = cells.map(() => []);
    const ordered = [...groupBy(prepared, ({ item }) => item.language).values()].flat();
    const between = async () => {
      await breathe();
      if (stop.signal !== undefined)
        throw new Interrupted(
          stop.signal,
          0,
          out,
          `stopped by ${stop.signal} while Dev2 was asked; the same command goes on from the vectors`,
        );
    };
    for await (const found of scoreCells(model, ordered, cells, { tokenBudget, between })) {
      for (const [c, own] of found.entries()) scored[c]!.push(...own);
      onCount({ name: `questions of ${task.name}`, done: scored[0]!.length, total: ordered.length });
    }
    const means = scored.map((own) => {
      const of = measures(figuredItems(own, 'sum'), 'accuracy');
      return languageMeans(of, [...new Set(of.map(({ language }) => language))]).mean;
    });
    changes.push(means.slice(1).map((mean) => mean - means[0]!));
  }
  return places.map((place, i) => ({
    ...place,
    transfer: changes[0]![i]!,
    localization: changes[1]![i]!,
  }));
}
