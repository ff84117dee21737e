/** Where names stand beside points so that they can be read: beside their own, over no other, within the frame. */

import { textWidth } from './text-width.ts';

/** A point with a name, in pixels from the upper left corner of the frame. */
export interface Labelled {
  x: number;
  y: number;
  text: string;
  /** Of the letters, pixels. */
  fontSize: number;
  /** Of its mark, pixels. */
  radius: number;
}

/** From one place to another, pixels. */
export type Line = readonly [x: number, y: number, x2: number, y2: number];

/** What names should keep clear of, beside each other and their own marks. */
export interface Taken {
  boxes?: readonly Box[];
  lines?: readonly Line[];
}

/** A rectangle in pixels. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Where a name goes: the middle of its box, and the line to its point where it stands away from it. */
export interface PlacedLabel {
  x: number;
  y: number;
  box: Box;
  /** From the point to the nearest edge of the box; absent where the two are side by side. */
  leader?: Line;
}

/** Distances of a box from its mark that are tried, pixels, and directions. */
const DISTANCES = [2, 6, 12, 20, 32, 46, 62];
const DIRECTIONS = 16;
/** A farther box gets a line to its point. */
const BESIDE = 8;
/** Passes in which each name may move again, now that all others stand. */
const PASSES = 4;
/** What a line through a name costs, in pixels of distance doubled: names have a white edge that keeps them legible. */
const CROSSED = 24;
/** What it costs to stand near another mark, and how much nearer, pixels, a name's own is then. */
const [STRANGER, CLEARLY] = [40, 5];
/** Of a line, at size 1. */
const HEIGHT = 1.15;

/**
 * Places all names: each takes the place that costs least, in several passes. Covering a name, a mark or what is taken costs by its
 * area, crossing a line a little, and so does distance; leaving the frame is not allowed. No draw is made: the same points give the
 * same places.
 */
export function placeLabels(
  labels: readonly Labelled[],
  frame: { width: number; height: number },
  { boxes = [], lines = [] }: Taken = {},
): PlacedLabel[] {
  const marks = labels.map(({ x, y, radius: r }) => ({
    left: x - r,
    top: y - r,
    right: x + r,
    bottom: y + r,
  }));
  const fixed = [...boxes, ...marks];
  const placed: (PlacedLabel | undefined)[] = labels.map(() => undefined);
  for (let pass = 0; pass < PASSES; pass++) {
    for (const [i, label] of labels.entries()) {
      const others = placed.filter((other, j) => other !== undefined && j !== i) as PlacedLabel[];
      let best: PlacedLabel | undefined;
      let least = Number.POSITIVE_INFINITY;
      for (const place of places(label, frame)) {
        const cost = costOf(place, label, others, fixed, lines) + strangers(place, label, labels);
        if (cost >= least) continue;
        least = cost;
        best = place;
      }
      placed[i] = best ?? centred(label);
    }
  }
  return placed as PlacedLabel[];
}

/** Width and height of a name, pixels. */
export function textSize({ text, fontSize }: Pick<Labelled, 'text' | 'fontSize'>) {
  return { width: textWidth(text, fontSize), height: fontSize * HEIGHT };
}

function places(label: Labelled, frame: { width: number; height: number }): PlacedLabel[] {
  const { width, height } = textSize(label);
  const found: PlacedLabel[] = [];
  for (const gap of DISTANCES) {
    const distance = label.radius + gap;
    for (let k = 0; k < DIRECTIONS; k++) {
      const angle = (2 * Math.PI * k) / DIRECTIONS;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      // The box touches a circle around the point with its side that faces it.
      const x = label.x + distance * cos + (Math.abs(cos) < 0.2 ? 0 : (Math.sign(cos) * width) / 2);
      const y = label.y - distance * sin - (Math.abs(sin) < 0.2 ? 0 : (Math.sign(sin) * height) / 2);
      const box = boxAt(x, y, width, height);
      if (box.left < 1 || box.top < 1 || box.right > frame.width - 1 || box.bottom > frame.height - 1)
        continue;
      const leader = gap > BESIDE ? { leader: lineTo(label, box) } : {};
      found.push({ x, y, box, ...leader });
    }
  }
  return found;
}

function costOf(
  { box, leader }: PlacedLabel,
  { x, y }: Labelled,
  others: readonly PlacedLabel[],
  fixed: readonly Box[],
  lines: readonly Line[],
): number {
  let cost = 0;
  for (const other of others) {
    cost += 2 * covers(box, other.box);
    if (leader && other.leader && cross(leader, other.leader)) cost += 200;
    if (leader && meets(leader, other.box)) cost += 200;
    if (other.leader && meets(other.leader, box)) cost += 200;
  }
  for (const obstacle of fixed) cost += covers(box, obstacle);
  for (const line of lines) if (meets(line, box)) cost += CROSSED;
  const away = distanceTo(box, { x, y });
  // A name to the right is where one is looked for.
  return cost + 2 * away + (box.left > x ? 0 : 2);
}

/** Marks that a name stands as near to as to its own would be taken for it. */
function strangers({ box, leader }: PlacedLabel, own: Labelled, labels: readonly Labelled[]): number {
  if (leader) return 0;
  const near = distanceTo(box, own) - own.radius + CLEARLY;
  // Small marks have small names: only its like is taken for the mark of a name.
  const others = labels.filter((other) => other !== own && other.radius === own.radius);
  return others.filter((other) => distanceTo(box, other) - other.radius < near).length * STRANGER;
}

function distanceTo({ left, top, right, bottom }: Box, { x, y }: { x: number; y: number }): number {
  return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
}

function boxAt(x: number, y: number, width: number, height: number): Box {
  return { left: x - width / 2, top: y - height / 2, right: x + width / 2, bottom: y + height / 2 };
}

function centred(label: Labelled): PlacedLabel {
  const { width, height } = textSize(label);
  return { x: label.x, y: label.y, box: boxAt(label.x, label.y, width, height) };
}

/** What covering costs: touching is bad, more of it worse. */
function covers(a: Box, b: Box): number {
  const area = overlap(a, b);
  return area > 0 ? 60 + 4 * area : 0;
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

function lineTo({ x, y }: Labelled, { left, top, right, bottom }: Box) {
  const near = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  return [x, y, near(x, left, right), near(y, top, bottom)] as const;
}

/** Which side of the line from a to b a point lies on. */
const side = (ax: number, ay: number, bx: number, by: number, x: number, y: number): number =>
  Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));

function cross([ax, ay, bx, by]: Line, [cx, cy, dx, dy]: Line): boolean {
  return (
    side(ax, ay, bx, by, cx, cy) !== side(ax, ay, bx, by, dx, dy) &&
    side(cx, cy, dx, dy, ax, ay) !== side(cx, cy, dx, dy, bx, by)
  );
}

function meets(line: Line, { left, top, right, bottom }: Box): boolean {
  return cross(line, [left, top, right, bottom]) || cross(line, [left, bottom, right, top]);
}
