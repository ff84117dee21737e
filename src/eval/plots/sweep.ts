/** What steering does at each layer: the paper's Figures 4b and 9. */
import type { TopLevelSpec } from 'vega-lite';
import { type CurvePoint, curvesSpec } from './curves.ts';
import { steeringColours } from './style.ts';

/** A vector at every layer, on one benchmark; accuracies in points of 100. */
export interface SweepCurve {
  /** `EN`, `LOC`, or another name; `random` for the floor. */
  vector: string;
  /** x is the layer. */
  points: readonly CurvePoint[];
}

/** One benchmark. */
export interface SweepPanel {
  /** As `Transfer (GMMLU, Dev2)`. */
  title: string;
  curves: readonly SweepCurve[];
  /** Accuracy of the model as it is. */
  unsteered?: number;
  /** Layers that were chosen on it. */
  chosen?: readonly { vector: string; layer: number }[];
}

export interface SweepPlot {
  panels: readonly SweepPanel[];
  title?: string;
  notes?: readonly string[];
}

/** Accuracy by layer, with the bands that points have; chosen layers are marked. */
export function sweepSpec({ panels, title = 'Steering by layer', notes = [] }: SweepPlot): TopLevelSpec {
  const vectors = [...new Set(panels.flatMap(({ curves }) => curves.map(({ vector }) => vector)))];
  const colours = steeringColours(vectors);
  const hasBands = panels.some(({ curves }) =>
    curves.some(({ points }) => points.some(({ low }) => low !== undefined)),
  );
  return curvesSpec({
    description: `Accuracy by the layer that is steered, of ${vectors.join(', ')}`,
    title,
    notes: [...notes, ...(hasBands ? ['bands: 95 % intervals'] : [])],
    colours,
    panels: panels.map(({ title: panel, curves, unsteered, chosen = [] }) => ({
      ...{ title: panel, xTitle: 'Layer', yTitle: 'Accuracy, points' },
      curves: curves.map(({ vector, points }) => ({ name: vector, points })),
      levels: unsteered === undefined ? [] : [{ y: unsteered, text: 'not steered' }],
      places: chosen.map(({ vector, layer }) => ({
        ...{ x: layer, text: `${vector}: layer ${layer}` },
        colour: colours.get(vector) ?? '#777777',
      })),
    })),
  });
}
