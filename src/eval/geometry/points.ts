/** A geometry as the rows that figures are drawn from: points of panels, and figures of layers for curves. */
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

/** A figure of a layer. */
export interface CurveRow {
  kind: GeometryKind;
  layer: number;
  /** `cosine`, `cosine_gap`, `retrieval_xx_en`, `retrieval_en_xx`, `mexa`, `cka`, `anc`; `language_probe` and `region_probe`. */
  figure: string;
  /** Of the vectors as they are or standardised. ANC is of both; probes are of vectors standardised by their training part. */
  form: 'raw' | 'standardized';
  /** Against English, or, of probes, that questions are in; null for all. */
  language: string | null;
  value: number;
  /** Of probes, 95 %. */
  ci95?: [number, number];
}

/** All figures of all layers that have a value. */
export function curveRows({ sets }: GeometryFigures): CurveRow[] {
  return GEOMETRY_KINDS.flatMap((kind) => {
    const set = sets[kind];
    if (set === undefined) return [];
    const near = set.closeness.flatMap(({ language, layers }) =>
      layers.flatMap(({ layer, raw, standardized, anc }) => {
        const row = (form: CurveRow['form'], [figure, value]: [string, number | null]): CurveRow[] =>
          value === null ? [] : [{ kind, layer, figure, form, language, value }];
        return [
          ...Object.entries(raw).flatMap((entry) => row('raw', entry)),
          ...Object.entries(standardized ?? {}).flatMap((entry) => row('standardized', entry)),
          ...row('raw', ['anc', anc]),
        ];
      }),
    );
    const told = set.probes.flatMap(({ label, language, layers }) =>
      layers.map(({ layer, accuracy: { mean: value, ci95 } }): CurveRow => {
        const figure = `${label}_probe`;
        return { kind, layer, figure, form: 'standardized', language, value, ...(ci95 && { ci95 }) };
      }),
    );
    return [...near, ...told];
  });
}
