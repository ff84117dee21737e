/** Where steering moves a language in a layer (paper, Figure 13). */
import { ENGLISH } from '../../data/parallel/index.ts';
import { panel } from './panel.ts';
import { type HiddenStates, statesAt } from './states.ts';

/** A point of English, of a language as it is, or of that language under a vector. */
export interface SteeredPoint {
  id: string;
  language: string;
  /** Name of the vector; null for states as they are. */
  steering: string | null;
  x: number;
  y: number;
}

/** A panel of one layer. */
export interface SteeredPanel {
  layer: number;
  explained_variance: [number, number];
  points: SteeredPoint[];
}

/**
 * English and a language at a block's output, and the language with each vector added there. The components are of all points
 * together, so that a shift shows even where languages themselves do not differ that way; English is on the right.
 *
 * @param vectors by name (`en`, `loc`), gamma already in them; of the states' width
 * @throws Error for a vector of another width
 */
export function steeredPanel(
  states: HiddenStates,
  layer: number,
  language: string,
  vectors: ReadonlyMap<string, ArrayLike<number>>,
): SteeredPanel {
  const { columns, byLanguage } = states;
  const groups = [
    { language: ENGLISH, steering: null, vector: undefined },
    { language, steering: null, vector: undefined },
    ...[...vectors].map(([steering, vector]) => ({ language, steering, vector })),
  ].map(({ vector, ...group }) => {
    if (vector !== undefined && vector.length !== columns)
      throw new Error(`vector ${group.steering} has ${vector.length} dimensions, not ${columns}`);
    const { values } = statesAt(states, group.language, layer);
    if (vector !== undefined) for (const at of values.keys()) values[at]! += vector[at % columns]!;
    return { ...group, values };
  });
  const rows = groups.reduce((sum, { values }) => sum + values.length / columns, 0);
  const all = new Float64Array(rows * columns);
  let start = 0;
  for (const { values } of groups) {
    all.set(values, start);
    start += values.length;
  }
  const english = Array.from(byLanguage.get(ENGLISH)!.ids.keys());
  const { x, y, explained } = panel({ rows, columns, values: all }, english);
  const points = groups.flatMap(({ values: _, ...group }) =>
    byLanguage.get(group.language)!.ids.map((id) => ({ id, ...group })),
  );
  return {
    layer,
    explained_variance: explained,
    points: points.map((point, i) => ({ ...point, x: x[i]!, y: y[i]! })),
  };
}
