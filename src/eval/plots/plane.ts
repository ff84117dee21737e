/** The transfer-localization plane: the paper's Figures 2c and 5a. */
import type { TopLevelSpec } from 'vega-lite';
import { methodName, type SteeringKind, shownName } from '../method-name.ts';
import { type FrontBand, paretoFront } from '../pareto.ts';
import { type Box, type Labelled, type Line, placeLabels, textSize } from './labels.ts';
import { haloed, paddedDomain, rounded, type UnitLayer } from './spec.ts';
import { BAND, CONFIG, FAINT, fixedScale, INK, type MethodStyle, methodStyles, SCHEMA } from './style.ts';

/** A model against UNALIGNED, in points of 100. */
export interface PlotPoint {
  /** As `methodName` reads it: its training gives the colour, its edits the mark. */
  name: string;
  transfer: number;
  localization: number;
  /** 95 %, of the differences of items. */
  transferInterval?: readonly [number, number];
  localizationInterval?: readonly [number, number];
  byLanguage?: readonly { language: string; transfer: number; localization: number }[];
  /** Share of resamples in which it is on the front. */
  onFront?: number;
}

/** All that is on a plane, in points of 100. */
export interface PlanePlot {
  points: readonly PlotPoint[];
  /** What stands at the origin. */
  baseline?: string;
  /** What random directions of the same norm do: how far they move either axis. */
  floor?: { transfer: readonly [number, number]; localization: readonly [number, number] };
  /** Is the Pareto front of the points and the baseline drawn? Default: yes. */
  front?: boolean;
  /** Its uncertainty; what it does not reach is -Infinity. */
  band?: readonly FrontBand[];
  /** Names of what is measured, for the axes. */
  axes?: { transfer?: string; localization?: string };
  title?: string;
  /** Lines below it, before those that say what is drawn. */
  notes?: readonly string[];
}

/** Pixels. */
const FRAME = { width: 460, height: 380 };
const LABEL = 10;
const CODE = 8;
/** More marks of languages than this go without their codes, which would cover each other. */
const MOST_CODES = 36;
/** Areas of marks, square pixels. */
const [LARGE, SMALL] = [130, 22];

/** Localization to the right, transfer up, UNALIGNED at the crossing of the lines. */
export function planeSpec(plot: PlanePlot): TopLevelSpec {
  const { points, floor, band = [], baseline = 'UNALIGNED' } = plot;
  const domains = domainsOf(plot);
  const styles = methodStyles([baseline, ...points.map(({ name }) => name)]);
  const axis = (name: 'x' | 'y', title: string) => ({
    type: 'quantitative' as const,
    title,
    scale: { domain: domains[name], nice: false, zero: false },
    axis: { format: '+.3~f', labelExpr: "datum.value === 0 ? '0' : datum.label", tickCount: 7 },
  });
  const x = axis('x', plot.axes?.localization ?? 'Localization: change on cultural questions, points');
  const y = axis('y', plot.axes?.transfer ?? 'Transfer: change on universal questions, points');
  const xy = { x: { field: 'x', ...x }, y: { field: 'y', ...y } };
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
      mark: { type: 'area', color: '#009E73', opacity: 0.13, interpolate: 'step-before', clip: true },
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
      mark: { type: 'line', color: '#009E73', strokeWidth: 1.3, opacity: 0.8, clip: true },
      encoding: { ...xy, order: { field: 'i', type: 'quantitative' } },
    });
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
  return {
    $schema: SCHEMA,
    description: `The transfer-localization plane of ${points.map(({ name }) => shown(name)).join(', ')} against ${baseline}`,
    title: {
      text: plot.title ?? 'Transfer and localization',
      subtitle: [...(plot.notes ?? []), ...legendLines(plot)],
    },
    ...FRAME,
    layer: layers,
    config: CONFIG,
  };
}

const KINDS: readonly SteeringKind[] = ['none', 'EN', 'LOC', 'SUR', 'other', 'random'];

/** For the legend: the same whatever the order of the points. */
function inOrder(styles: [string, MethodStyle][]): [string, MethodStyle][] {
  return styles.sort(([, a], [, b]) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

interface Domains {
  x: [number, number];
  y: [number, number];
}

function domainsOf({ points, floor }: PlanePlot): Domains {
  const of = (axis: 'transfer' | 'localization'): [number, number] =>
    paddedDomain([
      0,
      ...points.flatMap((point) => [
        point[axis],
        ...(point[`${axis}Interval`] ?? []),
        ...(point.byLanguage ?? []).map((each) => each[axis]),
      ]),
      ...(floor?.[axis] ?? []),
    ]);
  return { x: of('localization'), y: of('transfer') };
}

function shown(name: string): string {
  return shownName(methodName(name));
}

function editsOf(name: string): string {
  const { steering } = methodName(name);
  return steering === undefined ? 'none' : steering.replace(/[@*].*$/, '');
}

const looks = ({ colour, shape }: { colour: string; shape: string }) => ({ colour, shape });

/** Both intervals of a mean: its axes are of different questions, so that an ellipse would show no more. */
function crossesOf(points: readonly PlotPoint[]) {
  return points.flatMap(
    ({ name, transfer, localization, transferInterval: up, localizationInterval: across }) => [
      ...(across ? [{ name, x: across[0], x2: across[1], y: transfer, y2: transfer }] : []),
      ...(up ? [{ name, x: localization, x2: localization, y: up[0], y2: up[1] }] : []),
    ],
  );
}

/** From each steered model to its training without edits, as the paper's dotted lines. */
function linksOf(points: readonly PlotPoint[], baseline: string) {
  const plain = new Map(
    [{ name: baseline, transfer: 0, localization: 0 }, ...points].flatMap((point) => {
      const { training, steering } = methodName(point.name);
      return steering === undefined ? [[training, point] as const] : [];
    }),
  );
  return points.flatMap(({ name, transfer, localization }) => {
    const { training, steering } = methodName(name);
    const from = plain.get(training);
    if (steering === undefined || from === undefined) return [];
    return [{ x: from.localization, y: from.transfer, x2: localization, y2: transfer }];
  });
}

/** The front as a line: what is reached at a localization is reached at all smaller ones, too. */
function stairs(points: readonly { transfer: number; localization: number }[], { x, y }: Domains) {
  const line: { x: number; y: number }[] = [];
  let from = x[0];
  for (const { transfer, localization } of paretoFront(points)) {
    line.push({ x: from, y: transfer }, { x: localization, y: transfer });
    from = localization;
  }
  line.push({ x: from, y: y[0] });
  return line.map((at, i) => ({ ...at, i }));
}

function bandRows(band: readonly FrontBand[], [bottom, top]: [number, number]) {
  const within = (value: number) => rounded(Math.min(Math.max(value, bottom), top));
  return band.map(({ localization, low, high }) => ({
    x: rounded(localization),
    y: within(low),
    y2: within(high),
  }));
}

function legendLines({ points, floor, band, front }: PlanePlot): string[] {
  const isCrossed = points.some(
    ({ transferInterval, localizationInterval }) => transferInterval ?? localizationInterval,
  );
  const parts = [
    ...(points.some(({ byLanguage }) => byLanguage?.length) ? ['small marks: languages'] : []),
    ...(isCrossed ? ['crosses: 95 % intervals'] : []),
    ...(front === false ? [] : [`green: Pareto front${band?.length ? ' and 95 % of its resamples' : ''}`]),
    ...(points.some(({ onFront }) => onFront !== undefined)
      ? ['%: resamples with the point on the front']
      : []),
    ...(floor ? ['grey: random directions'] : []),
  ];
  // Two lines are as wide as the frame.
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length < 84) lines[lines.length - 1] = `${last}; ${part}`;
    else lines.push(part);
  }
  return lines;
}

/** What the quadrants mean, in the corners. */
function cornersOf({ x, y }: Domains) {
  const unit = { x: (x[1] - x[0]) / FRAME.width, y: (y[1] - y[0]) / FRAME.height };
  const corner = (right: boolean, up: boolean, text: string) => {
    const { width } = textSize({ text, fontSize: CODE + 1 });
    const pixel = { x: right ? FRAME.width - 5 : 5, y: up ? 9 : FRAME.height - 9 };
    const left = right ? pixel.x - width : pixel.x;
    const box: Box = { left, right: left + width, top: pixel.y - 6, bottom: pixel.y + 6 };
    const align = right ? 'right' : 'left';
    return { x: x[0] + pixel.x * unit.x, y: y[1] - pixel.y * unit.y, text, align, box };
  };
  // A quadrant that is a sliver has no room for words, which would be read as of its neighbour.
  const isWide = { left: -x[0] / unit.x > 150, right: x[1] / unit.x > 150 };
  const isHigh = { down: -y[0] / unit.y > 24, up: y[1] / unit.y > 24 };
  return [
    ...(isWide.left && isHigh.up ? [corner(false, true, 'transfer, at culture’s cost')] : []),
    ...(isWide.right && isHigh.up ? [corner(true, true, 'both gained')] : []),
    ...(isWide.left && isHigh.down ? [corner(false, false, 'both lost')] : []),
    ...(isWide.right && isHigh.down ? [corner(true, false, 'culture, at transfer’s cost')] : []),
  ];
}

/** Names of all means, and codes of languages where they are few, where each can be read. */
function placesOf({ points, baseline = 'UNALIGNED', front }: PlanePlot, domains: Domains) {
  const { x, y } = domains;
  const pixel = (localization: number, transfer: number) => ({
    x: ((localization - x[0]) / (x[1] - x[0])) * FRAME.width,
    y: ((y[1] - transfer) / (y[1] - y[0])) * FRAME.height,
  });
  const value = (px: number, py: number) => ({
    x: rounded(x[0] + (px / FRAME.width) * (x[1] - x[0])),
    y: rounded(y[1] - (py / FRAME.height) * (y[1] - y[0])),
  });
  const means: Labelled[] = [
    { name: baseline, transfer: 0, localization: 0, onFront: undefined },
    ...points,
  ].map(({ name, transfer, localization, onFront }) => ({
    ...pixel(localization, transfer),
    ...{ fontSize: LABEL, radius: Math.sqrt(LARGE / Math.PI) },
    text: `${shown(name)}${onFront === undefined || onFront < 0.005 ? '' : ` · ${Math.round(100 * onFront)} %`}`,
  }));
  const languages = points.flatMap(({ byLanguage = [] }) => byLanguage);
  const small = Math.sqrt(SMALL / Math.PI);
  const marks = languages.map(({ language, transfer, localization }) => ({
    ...pixel(localization, transfer),
    ...{ text: language, fontSize: CODE, radius: small },
  }));
  const codes: Labelled[] = languages.length > MOST_CODES ? [] : marks;
  const axes = [
    { x: x[0], x2: x[1], y: 0, y2: 0 },
    { x: 0, x2: 0, y: y[0], y2: y[1] },
  ];
  const steps = front === false ? [] : stairs([{ transfer: 0, localization: 0 }, ...points], domains);
  const edges = steps.slice(1).map((to, i) => ({ ...steps[i]!, x2: to.x, y2: to.y }));
  const lines = [...axes, ...edges, ...linksOf(points, baseline), ...crossesOf(points)].map((line): Line => {
    const [from, to] = [pixel(line.x, line.y), pixel(line.x2, line.y2)];
    return [from.x, from.y, to.x, to.y];
  });
  const boxes = [
    ...cornersOf(domains).map(({ box }) => box),
    ...marks.map(({ x, y }) => ({ left: x - small, right: x + small, top: y - small, bottom: y + small })),
  ];
  const placed = placeLabels([...means, ...codes], FRAME, { boxes, lines });
  const rows = [...means, ...codes].map(({ text }, i) => ({ text, ...value(placed[i]!.x, placed[i]!.y) }));
  const leaders = placed.flatMap(({ leader }) => {
    if (!leader) return [];
    const [from, to] = [value(leader[0], leader[1]), value(leader[2], leader[3])];
    return [{ ...from, x2: to.x, y2: to.y }];
  });
  return {
    leaders,
    texts: [
      { fontSize: LABEL, color: INK, values: rows.slice(0, means.length) },
      ...(codes.length > 0 ? [{ fontSize: CODE, color: '#555555', values: rows.slice(means.length) }] : []),
    ],
  };
}
