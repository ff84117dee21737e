/** What a vector changes on Dev2 at each layer and gamma. */
import { breathe, Interrupted } from '../../runs/index.ts';
import type { SteeringVector } from '../../steering/vector.ts';
import type { AskedTask } from '../ask.ts';
import { type Cell, scoreCells } from '../cells.ts';
import { groupBy } from '../group.ts';
import type { ScoredItem } from '../item.ts';
import { type Figure, figuredItems, measures } from '../measures.ts';
import { type DrawnDifference, pairedWithDraws } from '../paired.ts';
import type { LazyModel } from './lazy-model.ts';
import type { BothAxes } from './questions.ts';
import type { Place, StudyOptions, StudyRequest, StudyVector } from './request.ts';

/** Changes of a figure against the model as it is. */
export type SweptFigure = Record<keyof BothAxes, DrawnDifference>;

/** A place, and what it changes. */
export interface Swept extends Place {
  accuracy: SweptFigure;
  choiceLogProb: SweptFigure;
}

/** @throws Interrupted after a signal, when nothing is kept */
export async function sweepPlaces(
  kind: StudyVector,
  vector: SteeringVector,
  request: StudyRequest,
  questions: BothAxes,
  model: LazyModel,
  { stop, onStage, onCount }: StudyOptions,
): Promise<Swept[]> {
  const { layers, gammas, appliedAt, tokenBudget, out } = request;
  const all = layers ?? Array.from({ length: vector.facts.model.num_hidden_layers }, (_, layer) => layer);
  const places = all.flatMap((layer) => gammas.map((gamma): Place => ({ layer, gamma })));
  const cells: Cell[] = [[], ...places.map((place) => [{ vector, ...place, tokens: appliedAt }])];
  const axes = Object.entries(questions) as [keyof BothAxes, AskedTask][];
  const asked = axes.map(([, { task, prepared }]) => `${task.name} ${prepared.length}`).join(' + ');
  onStage(`Dev2: ${kind} at ${all.length} layers x ${gammas.length} gammas, ${asked} questions`);
  const total = axes.reduce((sum, [, { prepared }]) => sum + prepared.length, 0) * cells.length;
  let done = 0;
  const between = async () => {
    await breathe();
    if (stop.signal === undefined) return;
    const message = `stopped by ${stop.signal} while Dev2 was asked; the same command goes on from the vectors`;
    throw new Interrupted(stop.signal, 0, out, message);
  };
  const found = {} as Record<keyof BothAxes, ScoredItem[][]>;
  for (const [axis, { prepared }] of axes) {
    const scored: ScoredItem[][] = cells.map(() => []);
    const ordered = [...groupBy(prepared, ({ item }) => item.language).values()].flat();
    for await (const own of scoreCells(await model.get(), ordered, cells, { tokenBudget, between })) {
      for (const [c, items] of own.entries()) scored[c]!.push(...items);
      done += own.length * own[0]!.length;
      onCount({ name: `answers of Dev2 under ${kind}`, done, total });
      await between();
    }
    found[axis] = scored;
  }
  const figure = (name: Figure, cell: number): SweptFigure => {
    const change = (axis: keyof BothAxes) => {
      const of = (items: readonly ScoredItem[]) =>
        measures(figuredItems(items, metricOf(request, questions[axis])), name);
      return pairedWithDraws(of(found[axis][0]!), of(found[axis][cell]!), { seed: request.asking.seed });
    };
    return { universal: change('universal'), cultural: change('cultural') };
  };
  return places.map((place, i) => ({
    ...place,
    accuracy: figure('accuracy', i + 1),
    choiceLogProb: figure('choiceLogProb', i + 1),
  }));
}

/** Letters are compared by sum, whatever is asked for texts. */
function metricOf({ asking }: StudyRequest, { key }: AskedTask) {
  return key.scoring === 'letters' ? 'sum' : asking.metric;
}
