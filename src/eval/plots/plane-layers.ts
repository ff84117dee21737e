/** The layers of a plane, from the ground up. */
import type { SteeringKind } from '../method-name.ts';
import type { FrontBand } from '../pareto.ts';
import { placesOf } from './plane-names.ts';
import {
  CODE,
  cornersOf,
  crossesOf,
  type Domains,
  editsOf,
  LARGE,
  linksOf,
  type PlanePlot,
  SMALL,
  shown,
  stairs,
} from './plane-plot.ts';
import { haloed, rounded, type UnitLayer } from './spec.ts';
import { BAND, FAINT, FRONT, fixedScale, type MethodStyle, methodStyles } from './style.ts';

/** Both axes as channels of rows with x and y; every layer says the same of them. */
function channels({ axes }: PlanePlot, domains: Domains) {
  const axis = (name: 'x' | 'y', title: string) => ({
    type: 'quantitative' as const,
    title,
    scale: { domain: domains[name], nice: false, zero: false },
    axis: { format: '+.3~f', labelExpr: "datum.value === 0 ? '0' : datum.label", tickCount: 7 },
  });
  const x = axis('x', axes?.localization ?? 'Localization: change on cultural questions, points');
  const y = axis('y', axes?.transfer ?? 'Transfer: change on universal questions, points');
  return { x, y, xy: { x: { field: 'x', ...x }, y: { field: 'y', ...y } } };
}

/** What lies below the points: floor, uncertainty of the front, quadrants, front. */
export function groundLayers(plot: PlanePlot, domains: Domains): UnitLayer[] {
  const { points, floor, band = [] } = plot;
  const { x, y, xy } = channels(plot, domains);
  const layers: UnitLayer[] = [];
  if (floor)
    layers.push(
      {
        data: { values: [{ x: floor.localization[0], x2: floor.localization[1] }] },
        mark: { type: 'rect', color: BAND, opacity: 0.35 },
        encoding: { x: { field: 'x', ...x }, x2: { field: 'x2' } },
      },
      {
        data: { values: [{ y: floor.transfer[0], y2: floor.transfer[1] }] },
        mark: { type: 'rect', color: BAND, opacity: 0.35 },
        encoding: { y: { field: 'y', ...y }, y2: { field: 'y2' } },
      },
    );
  if (band.length > 0)
    layers.push({
      data: { values: bandRows(band, domains.y) },
      mark: { type: 'area', color: FRONT, opacity: 0.13, interpolate: 'step-before', clip: true },
      encoding: { ...xy, y2: { field: 'y2' } },
    });
  layers.push(
    {
      data: { values: [{ x: 0 }] },
      mark: { type: 'rule', color: '#777777', strokeWidth: 1 },
      encoding: { x: { field: 'x', ...x } },
    },
    {
      data: { values: [{ y: 0 }] },
      mark: { type: 'rule', color: '#777777', strokeWidth: 1 },
      encoding: { y: { field: 'y', ...y } },
    },
    ...(['left', 'right'] as const).map(
      (align): UnitLayer => ({
        data: {
          values: cornersOf(domains).flatMap(({ box: _, ...corner }) =>
            corner.align === align ? [corner] : [],
          ),
        },
        mark: { type: 'text', color: FAINT, fontSize: CODE + 1, align, baseline: 'middle' },
        encoding: { ...xy, text: { field: 'text' } },
      }),
    ),
  );
  if (plot.front !== false)
    layers.push({
      data: { values: stairs([{ transfer: 0, localization: 0 }, ...points], domains) },
      mark: { type: 'line', color: FRONT, strokeWidth: 1.3, opacity: 0.8, clip: true },
      encoding: { ...xy, order: { field: 'i', type: 'quantitative' } },
    });
  return layers;
}

/** Links, languages, intervals, means and names. */
export function markLayers(plot: PlanePlot, domains: Domains): UnitLayer[] {
  const { points, baseline = 'UNALIGNED' } = plot;
  const { xy } = channels(plot, domains);
  const styles = methodStyles([baseline, ...points.map(({ name }) => name)]);
  const places = placesOf(plot, domains);
  const small = points.flatMap(({ name, byLanguage = [] }) =>
    byLanguage.map(({ language, transfer, localization }) => ({
      ...{ x: rounded(localization), y: rounded(transfer), name: shown(name), language },
      ...looks(styles.get(name)!),
    })),
  );
  const large = [{ name: baseline, transfer: 0, localization: 0 }, ...points].map((point) => ({
    ...{ x: rounded(point.localization), y: rounded(point.transfer), name: shown(point.name) },
    ...looks(styles.get(point.name)!),
    training: styles.get(point.name)!.training,
    edits: editsOf(point.name),
  }));
  const layers: UnitLayer[] = [];
  const links = linksOf(points, baseline);
  if (links.length > 0)
    layers.push({
      data: { values: links },
      mark: { type: 'rule', color: '#888888', strokeDash: [2, 3], strokeWidth: 1 },
      encoding: { ...xy, x2: { field: 'x2' }, y2: { field: 'y2' } },
    });
  const crosses = crossesOf(points).map((line) => ({ ...line, colour: styles.get(line.name)!.colour }));
  if (small.length > 0)
    layers.push({
      data: { values: small },
      // Not `opacity`, which the legend would take for its own.
      mark: { type: 'point', filled: true, fillOpacity: 0.55, opacity: 1, strokeWidth: 0, size: SMALL },
      encoding: {
        ...xy,
        color: { field: 'colour', type: 'nominal', scale: null },
        shape: { field: 'shape', type: 'nominal', scale: null },
        tooltip: [{ field: 'name' }, { field: 'language' }, { field: 'x' }, { field: 'y' }],
      },
    });
  if (crosses.length > 0)
    layers.push({
      data: { values: crosses },
      mark: { type: 'rule', strokeWidth: 1.3, opacity: 0.85 },
      encoding: {
        ...xy,
        x2: { field: 'x2' },
        y2: { field: 'y2' },
        color: { field: 'colour', type: 'nominal', scale: null },
      },
    });
  if (places.leaders.length > 0)
    layers.push({
      data: { values: places.leaders },
      mark: { type: 'rule', color: '#aaaaaa', strokeWidth: 0.7 },
      encoding: { ...xy, x2: { field: 'x2' }, y2: { field: 'y2' } },
    });
  layers.push(
    {
      data: { values: large },
      mark: { type: 'point', filled: true, opacity: 1, size: LARGE, stroke: 'white', strokeWidth: 1 },
      encoding: {
        ...xy,
        color: {
          field: 'training',
          type: 'nominal',
          title: 'Training',
          scale: fixedScale(new Map([...styles.values()].map(({ training, colour }) => [training, colour]))),
          legend: { orient: 'right', symbolType: 'circle', symbolSize: 70 },
        },
        shape: {
          field: 'edits',
          type: 'nominal',
          title: 'Steering',
          scale: fixedScale(
            new Map(inOrder([...styles]).map(([name, { shape }]) => [editsOf(name), shape] as const)),
          ),
          legend: {
            ...{ orient: 'right', symbolSize: 70 },
            ...{ symbolFillColor: '#777777', symbolStrokeWidth: 0 },
          },
        },
        tooltip: [{ field: 'name' }, { field: 'x' }, { field: 'y' }],
      },
    },
    ...places.texts.flatMap(({ fontSize, color, values }) =>
      haloed(
        { fontSize, color, align: 'center', baseline: 'middle' },
        { data: { values }, encoding: { ...xy, text: { field: 'text' } } },
      ),
    ),
  );
  return layers;
}

const looks = ({ colour, shape }: { colour: string; shape: string }) => ({ colour, shape });

const KINDS: readonly SteeringKind[] = ['none', 'EN', 'LOC', 'SUR', 'other', 'random'];

/** For the legend: the same whatever the order of the points. */
function inOrder(styles: [string, MethodStyle][]): [string, MethodStyle][] {
  return styles.sort(([, a], [, b]) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

function bandRows(band: readonly FrontBand[], [bottom, top]: [number, number]) {
  const within = (value: number) => rounded(Math.min(Math.max(value, bottom), top));
  return band.map(({ localization, low, high }) => ({
    x: rounded(localization),
    y: within(low),
    y2: within(high),
  }));
}
