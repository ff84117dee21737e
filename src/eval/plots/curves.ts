/** Curves with bands on panels side by side: what sweeps, perpendicularity and bias are drawn with. */
import type { TopLevelSpec } from 'vega-lite';
import { haloed, rounded, type UnitLayer } from './spec.ts';
import { CONFIG, fixedScale, INK, SCHEMA } from './style.ts';

/** A value, and what it lies within. */
export interface CurvePoint {
  x: number;
  y: number;
  low?: number;
  high?: number;
}

/** A line of a panel. */
export interface Curve {
  name: string;
  points: readonly CurvePoint[];
  /** Is it one of many behind the others, thin and pale? */
  isFaint?: boolean;
}

/** A mark of its own: an end, a choice. */
export interface CurveMark extends CurvePoint {
  /** Of the curve whose colour it has. */
  name: string;
  shape: string;
}

export interface CurvePanel {
  title?: string;
  xTitle: string;
  yTitle: string;
  curves: readonly Curve[];
  marks?: readonly CurveMark[];
  /** Lines across, as of what is not steered. */
  levels?: readonly { y: number; text: string; isBelow?: boolean }[];
  /** Lines upwards, as at a layer that was chosen. */
  places?: readonly { x: number; text: string; colour: string }[];
  yDomain?: readonly [number, number];
  /** A number format of d3; `.3~g` unless told. */
  yFormat?: string;
}

export interface CurvesPlot {
  panels: readonly CurvePanel[];
  /** By name of a curve. */
  colours: ReadonlyMap<string, string>;
  title: string;
  notes?: readonly string[];
  description: string;
}

/** Pixels of a panel. */
const PANEL = { width: 300, height: 200 };

/** Panels have axes of their own, and one legend. */
export function curvesSpec({ panels, colours, title, notes = [], description }: CurvesPlot): TopLevelSpec {
  return {
    $schema: SCHEMA,
    description,
    title: { text: title, subtitle: [...notes] },
    bounds: 'flush',
    spacing: 62,
    hconcat: panels.map((panel) => ({
      ...(panel.title === undefined
        ? {}
        : { title: { text: panel.title, fontSize: 11, fontWeight: 'normal' as const } }),
      ...PANEL,
      layer: layersOf(panel, colours),
    })),
    config: CONFIG,
  };
}

function layersOf(panel: CurvePanel, colours: ReadonlyMap<string, string>): UnitLayer[] {
  const { curves, marks = [], levels = [], places = [], yDomain, yFormat } = panel;
  const rows = curves.flatMap(({ name, points, isFaint = false }) =>
    points
      .filter(({ y }) => Number.isFinite(y))
      .map(({ x, y, low, high }) => ({
        ...{ name, x, y: rounded(y), isFaint },
        ...(low === undefined || high === undefined ? {} : { low: rounded(low), high: rounded(high) }),
      })),
  );
  const clear = rows.filter(({ isFaint }) => !isFaint);
  const x = {
    type: 'quantitative' as const,
    title: panel.xTitle,
    scale: { nice: false, zero: false, padding: 6 },
    axis: { grid: false, format: ',~d', tickMinStep: 1, tickCount: 6 },
  };
  const y = {
    type: 'quantitative' as const,
    title: panel.yTitle,
    scale: { zero: false, ...(yDomain ? { domain: [...yDomain], nice: false } : { nice: true }) },
    axis: { format: yFormat ?? '.3~g', tickCount: 6 },
  };
  const color = {
    field: 'name',
    type: 'nominal' as const,
    title: null,
    scale: fixedScale(new Map(colours)),
    legend: { symbolType: 'stroke' as const, symbolStrokeWidth: 2.5, symbolSize: 150 },
  };
  const layers: UnitLayer[] = [];
  for (const level of levels)
    layers.push({
      data: { values: [{}] },
      mark: { type: 'rule', color: '#777777', strokeDash: [4, 3] },
      encoding: { y: { datum: level.y, ...y } },
    });
  for (const place of places)
    layers.push({
      data: { values: [{}] },
      mark: { type: 'rule', color: place.colour, strokeDash: [2, 3] },
      encoding: { x: { datum: place.x, ...x } },
    });
  if (rows.some(({ isFaint }) => isFaint))
    layers.push({
      data: { values: rows.filter(({ isFaint }) => isFaint) },
      mark: { type: 'line', strokeWidth: 0.9, strokeOpacity: 0.55 },
      encoding: { x: { field: 'x', ...x }, y: { field: 'y', ...y }, color },
    });
  if (clear.some((row) => 'low' in row))
    layers.push({
      data: { values: clear.filter((row) => 'low' in row) },
      mark: { type: 'area', fillOpacity: 0.18 },
      encoding: { x: { field: 'x', ...x }, y: { field: 'low', ...y }, y2: { field: 'high' }, color },
    });
  layers.push({
    data: { values: clear },
    mark: { type: 'line', strokeWidth: 1.8, point: { size: 18, filled: true } },
    encoding: {
      ...{ x: { field: 'x', ...x }, y: { field: 'y', ...y }, color },
      tooltip: [{ field: 'name' }, { field: 'x' }, { field: 'y' }],
    },
  });
  if (marks.length > 0) {
    const values = marks.map((mark) => ({ ...mark }));
    layers.push(
      {
        data: { values: values.filter(({ low, high }) => low !== undefined && high !== undefined) },
        mark: { type: 'rule', strokeWidth: 1.2 },
        encoding: { x: { field: 'x', ...x }, y: { field: 'low', ...y }, y2: { field: 'high' }, color },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, opacity: 1, size: 110, stroke: 'white', strokeWidth: 0.8 },
        encoding: {
          ...{ x: { field: 'x', ...x }, y: { field: 'y', ...y }, color },
          shape: { field: 'shape', type: 'nominal', scale: null },
          tooltip: [{ field: 'name' }, { field: 'x' }, { field: 'y' }],
        },
      },
    );
  }
  for (const { y: at, text, isBelow = false } of levels)
    layers.push(
      ...haloed(
        {
          ...{ fontSize: 9, color: '#555555', align: isBelow ? 'center' : 'right' },
          ...(isBelow ? { baseline: 'top', dy: 4 } : { baseline: 'bottom', dy: -3 }),
        },
        {
          data: { values: [{ text }] },
          encoding: {
            x: { value: isBelow ? PANEL.width / 2 : PANEL.width - 3 },
            y: { datum: at, ...y },
            text: { field: 'text' },
          },
        },
      ),
    );
  for (const [i, place] of places.entries())
    layers.push(
      ...haloed(
        { align: 'left', baseline: 'bottom', dx: 4, fontSize: 9, color: INK },
        {
          data: { values: [{ text: place.text }] },
          encoding: {
            x: { datum: place.x, ...x },
            // One above the other: chosen layers are often neighbours.
            y: { value: PANEL.height - 4 - 13 * i },
            text: { field: 'text' },
          },
        },
      ),
    );
  return layers;
}
