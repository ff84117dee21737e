/** Hidden states of languages on two principal components, a panel a layer: the paper's Figures 3 and 11 to 13. */
import type { TopLevelSpec } from 'vega-lite';
import { rounded } from './spec.ts';
import { CONFIG, fixedScale, languageColours, SCHEMA } from './style.ts';

/** A panel: states of one layer of one model on prompts of one kind, on their own components. */
export interface PcaPanel {
  layer: number;
  /** Of the row it stands in, as `CLO, universal`; panels of a figure without rows have none. */
  row?: string;
  points: readonly PcaPoint[];
  /** Shares of variance that the two components have. */
  explained?: readonly [number, number];
}

/** A prompt. */
export interface PcaPoint {
  x: number;
  y: number;
  /** ISO 639-1 */
  language: string;
  /** How it was asked, where that differs, as `original`, `EN`, `LOC`: the mark. */
  variant?: string;
}

export interface PcaPlot {
  panels: readonly PcaPanel[];
  title?: string;
  notes?: readonly string[];
  /** Panels side by side where there are no rows. */
  columns?: number;
}

/** Of marks of variants, in the paper's order: as it is, EN, LOC. */
const VARIANTS = ['circle', 'cross', 'diamond', 'triangle-up', 'square'];
/** Pixels of a panel's side. */
const SIDE = 120;

/** Rows by their first appearance, columns by layer; axes are each panel's own, as components are. */
export function pcaSpec({
  panels,
  title = 'Hidden states by language',
  notes = [],
  columns = 5,
}: PcaPlot): TopLevelSpec {
  const rows = [...new Set(panels.flatMap(({ row }) => row ?? []))];
  const values = panels.flatMap(({ layer, row, points, explained }) =>
    points.map(({ x, y, language, variant }) => ({
      ...{ x: rounded(x), y: rounded(y), language, layer: `Layer ${layer}` },
      ...(row === undefined ? {} : { row }),
      ...(variant === undefined ? {} : { variant }),
      ...(explained ? { panel: panelTitle(layer, explained) } : { panel: `Layer ${layer}` }),
    })),
  );
  const layers = [...panels].sort((a, b) => a.layer - b.layer);
  const languages = [...new Set(values.map(({ language }) => language))];
  const variants = [
    ...new Set(panels.flatMap(({ points }) => points.flatMap(({ variant }) => variant ?? []))),
  ];
  const axis = {
    title: null,
    scale: { zero: false, nice: false, padding: 5 },
    axis: { tickCount: 3, labelFontSize: 7, grid: false },
  };
  const spec = {
    width: SIDE,
    height: SIDE,
    mark: { type: 'point' as const, filled: true, size: 10, fillOpacity: 0.6, opacity: 1, strokeWidth: 0 },
    encoding: {
      x: { field: 'x', type: 'quantitative' as const, ...axis },
      y: { field: 'y', type: 'quantitative' as const, ...axis },
      color: {
        field: 'language',
        type: 'nominal' as const,
        title: null,
        scale: fixedScale(languageColours(languages)),
        legend: { symbolSize: 50, symbolType: 'circle' },
      },
      ...(variants.length > 1
        ? {
            shape: {
              field: 'variant',
              type: 'nominal' as const,
              title: null,
              scale: fixedScale(new Map(variants.map((name, i) => [name, VARIANTS[i % VARIANTS.length]!]))),
              legend: { symbolSize: 50 },
            },
          }
        : {}),
    },
  };
  const common = {
    $schema: SCHEMA,
    description: `Principal components of hidden states of ${languages.join(', ')} at layers ${[...new Set(layers.map(({ layer }) => layer))].join(', ')}`,
    title: { text: title, subtitle: [...notes] },
    data: { values },
    spec,
    resolve: { scale: { x: 'independent' as const, y: 'independent' as const } },
    // Panels stand in straight rows whatever their axes say.
    bounds: 'flush' as const,
    spacing: { row: 42, column: 34 },
    config: CONFIG,
  };
  const header = { title: null, labelPadding: 3 };
  const sorted = (field: 'layer' | 'panel') => [
    ...new Set(
      layers.map(({ layer, explained }) =>
        field === 'panel' && explained ? panelTitle(layer, explained) : `Layer ${layer}`,
      ),
    ),
  ];
  if (rows.length > 0)
    return {
      ...common,
      facet: {
        // Beside the numbers of the axes, which flush panels leave no room for.
        row: { field: 'row', type: 'nominal', sort: rows, header: { ...header, labelPadding: 26 } },
        column: { field: 'layer', type: 'nominal', sort: sorted('layer'), header },
      },
    };
  return { ...common, columns, facet: { field: 'panel', type: 'nominal', sort: sorted('panel'), header } };
}

function panelTitle(layer: number, explained: readonly [number, number]): string {
  return `Layer ${layer} (${explained.map((share) => `${Math.round(100 * share)}`).join(' + ')} %)`;
}
