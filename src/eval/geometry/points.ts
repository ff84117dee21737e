/** Panels as the rows that a figure is drawn from. */
import { GEOMETRY_KINDS, type GeometryFigures, type GeometryKind } from './schema.ts';

/** A question in a language, in the panel of a layer. */
export interface PanelPoint {
  kind: GeometryKind;
  layer: number;
  id: string;
  language: string;
  region?: string;
  x: number;
  y: number;
}

/** All points of all panels, or of some layers. */
export function panelPoints({ sets }: GeometryFigures, layers?: readonly number[]): PanelPoint[] {
  return GEOMETRY_KINDS.flatMap((kind) => {
    const set = sets[kind];
    if (set === undefined) return [];
    const items = set.panel_items.map((at) => set.items[at]!);
    return set.panels
      .filter(({ layer }) => layers?.includes(layer) ?? true)
      .flatMap(({ layer, x, y }) =>
        items.map(({ id, language, region }, i) => ({
          ...{ kind, layer, id, language, ...(region === undefined ? {} : { region }) },
          ...{ x: x[i]!, y: y[i]! },
        })),
      );
  });
}
