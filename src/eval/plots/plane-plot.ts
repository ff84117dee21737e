/** What a plane is drawn of, and the places on it that follow from that. */
import { methodName, shownName } from '../method-name.ts';
import { type FrontBand, paretoFront } from '../pareto.ts';
import { type Box, textSize } from './labels.ts';
import { paddedDomain } from './spec.ts';

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
export const FRAME = { width: 460, height: 380 };
/** Sizes of letters: of names, of codes of languages. */
export const LABEL = 10;
export const CODE = 8;
/** Areas of marks, square pixels. */
export const [LARGE, SMALL] = [130, 22];

/** Least and greatest of the axes. */
export interface Domains {
  x: [number, number];
  y: [number, number];
}

/** Axes that hold all that is drawn, and the origin. */
export function domainsOf({ points, floor }: PlanePlot): Domains {
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

/** A name as it is shown. */
export function shown(name: string): string {
  return shownName(methodName(name));
}

/** The edits of a name, without layers and strengths: what has a mark. */
export function editsOf(name: string): string {
  const { steering } = methodName(name);
  return steering === undefined ? 'none' : steering.replace(/[@*].*$/, '');
}

/** Both intervals of a mean: its axes are of different questions, so that an ellipse would show no more. */
export function crossesOf(points: readonly PlotPoint[]) {
  return points.flatMap(
    ({ name, transfer, localization, transferInterval: up, localizationInterval: across }) => [
      ...(across ? [{ name, x: across[0], x2: across[1], y: transfer, y2: transfer }] : []),
      ...(up ? [{ name, x: localization, x2: localization, y: up[0], y2: up[1] }] : []),
    ],
  );
}

/** From each steered model to its training without edits, as the paper's dotted lines. */
export function linksOf(points: readonly PlotPoint[], baseline: string) {
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
export function stairs(points: readonly { transfer: number; localization: number }[], { x, y }: Domains) {
  const line: { x: number; y: number }[] = [];
  let from = x[0];
  for (const { transfer, localization } of paretoFront(points)) {
    line.push({ x: from, y: transfer }, { x: localization, y: transfer });
    from = localization;
  }
  line.push({ x: from, y: y[0] });
  return line.map((at, i) => ({ ...at, i }));
}

/** What the quadrants mean, in the corners. */
export function cornersOf({ x, y }: Domains) {
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
