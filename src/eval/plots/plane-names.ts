/** Where names and codes stand on a plane. */
import { type Labelled, type Line, placeLabels } from './labels.ts';
import {
  CODE,
  cornersOf,
  crossesOf,
  type Domains,
  FRAME,
  LABEL,
  LARGE,
  linksOf,
  type PlanePlot,
  SMALL,
  shown,
  stairs,
} from './plane-plot.ts';
import { rounded } from './spec.ts';
import { INK } from './style.ts';

/** More marks of languages than this go without their codes, which would cover each other. */
const MOST_CODES = 36;

/** Names of all means, and codes of languages where they are few, where each can be read. */
export function placesOf({ points, baseline = 'UNALIGNED', front }: PlanePlot, domains: Domains) {
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
