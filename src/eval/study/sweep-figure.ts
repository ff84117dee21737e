/** Sweeps as a figure: accuracy on Dev2 by the layer that is steered, as the paper's Figure 4b. */
import type { TopLevelSpec } from 'vega-lite';
import { type SweepCurve, type SweepPanel, sweepSpec } from '../plots/sweep.ts';
import type { Choice } from './choose.ts';
import type { StudyVector } from './request.ts';
import type { SweepRecord } from './sweep-file.ts';

/** Undefined where every place was told. @param tasks what the axes are measured on */
export function sweepFigure(
  choices: ReadonlyMap<StudyVector, Choice>,
  tasks: { universal: string; cultural: string },
  title: string,
): TopLevelSpec | undefined {
  const sweeps = [...choices].flatMap(([kind, { sweep }]) => (sweep ? [{ kind, sweep }] : []));
  const [first] = sweeps;
  if (first === undefined) return undefined;
  const panel = (axis: 'universal' | 'cultural'): SweepPanel => ({
    title: `${axis === 'universal' ? 'Transfer' : 'Localization'} (${tasks[axis]}, Dev2)`,
    curves: sweeps.map(({ kind, sweep }) => curveOf(kind, sweep, axis)),
    unsteered: 100 * first.sweep.places[0]!.accuracy[axis].before,
    chosen: sweeps
      .filter(({ kind }) => (kind === 'en') === (axis === 'universal'))
      .map(({ kind, sweep }) => ({ vector: kind.toUpperCase(), layer: sweep.chosen.layer })),
  });
  return sweepSpec({
    ...{ panels: [panel('universal'), panel('cultural')], title },
    notes: ['of each layer the gamma that is best on the axis of its vector'],
  });
}

/** At each layer the gamma that does best for what the vector is there for. */
function curveOf(kind: StudyVector, { places }: SweepRecord, axis: 'universal' | 'cultural'): SweepCurve {
  const own = kind === 'en' ? 'universal' : 'cultural';
  const layers = [...new Set(places.map(({ layer }) => layer))].sort((a, b) => a - b);
  const points = layers.map((layer) => {
    const best = places
      .filter((place) => place.layer === layer)
      .reduce((a, b) => (b.accuracy[own].delta > a.accuracy[own].delta ? b : a));
    const { before, after, ci95 } = best.accuracy[axis];
    return {
      ...{ x: layer, y: 100 * after },
      ...(ci95 ? { low: 100 * (before + ci95[0]), high: 100 * (before + ci95[1]) } : {}),
    };
  });
  return { vector: kind.toUpperCase(), points };
}
