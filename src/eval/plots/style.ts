/** How all figures look: one palette, one font, one mark for each kind of edit. */
import type { TopLevelSpec } from 'vega-lite';
import { methodName, type SteeringKind, steeringKind } from '../method-name.ts';

/** The font that ships: see `fonts.ts`. Readers without it see their own. */
export const FONT = 'DejaVu Sans';

export const INK = '#222222';
export const FAINT = '#8a8a8a';
export const GRID = '#ececec';
/** Of bands around what is drawn: of a floor, of a front. */
export const BAND = '#bdbdbd';

/** Of the Pareto front: no training of the paper has it. */
export const FRONT = '#009E73';

/** Okabe and Ito's colours, told apart by the colour-blind (https://jfly.uni-koeln.de/color); yellow, faint on white, last. */
const OKABE_ITO = ['#56B4E9', '#E69F00', '#009E73', '#000000', '#0072B2', '#D55E00', '#CC79A7', '#F0E442'];

/** A training is the same colour in every figure. */
const TRAININGS: Readonly<Record<string, string>> = {
  UNALIGNED: '#5c5c5c',
  MIST: '#0072B2',
  CLO: '#D55E00',
  MIDALIGN: '#CC79A7',
};

/** The vectors, where a figure is of them alone. */
const STEERINGS: Readonly<Record<SteeringKind, string>> = {
  none: '#5c5c5c',
  EN: '#0072B2',
  LOC: '#E69F00',
  SUR: '#009E73',
  random: '#999999',
  other: '#000000',
};

/** The paper's seven languages. */
const LANGUAGES: Readonly<Record<string, string>> = {
  en: '#000000',
  es: '#E69F00',
  id: '#56B4E9',
  ko: '#009E73',
  el: '#CC79A7',
  zh: '#D55E00',
  ar: '#0072B2',
};

const STAR =
  'M0,-1.2L0.35,-0.45L1.15,-0.37L0.55,0.17L0.73,0.97L0,0.55L-0.73,0.97L-0.55,0.17L-1.15,-0.37L-0.35,-0.45Z';

/** Of Vega's symbols, or a path in a square of 2 units. */
const SHAPES: Readonly<Record<SteeringKind, string>> = {
  none: 'circle',
  EN: 'square',
  LOC: 'triangle-up',
  SUR: STAR,
  random: 'cross',
  other: 'diamond',
};

/** How bars of one training differ by their edits: the share of its colour, the rest being white. */
const STRENGTHS: Readonly<Record<SteeringKind, number>> = {
  none: 1,
  EN: 0.65,
  LOC: 0.4,
  SUR: 0.2,
  random: 0.1,
  other: 0.1,
};

/** How a method is drawn. */
export interface MethodStyle {
  training: string;
  kind: SteeringKind;
  /** Of its training. */
  colour: string;
  /** Of its edits. */
  shape: string;
  /** Of bars. */
  fill: string;
}

/** Styles of methods by name; trainings that are not the paper's take the colours that are left, in their order. */
export function methodStyles(names: readonly string[]): Map<string, MethodStyle> {
  const trainings = names.map((name) => methodName(name).training);
  const colours = coloursOf(trainings, TRAININGS);
  return new Map(
    names.map((name) => {
      const { training, steering } = methodName(name);
      const kind = steeringKind(steering);
      const colour = colours.get(training)!;
      return [name, { training, kind, colour, shape: SHAPES[kind], fill: mixed(colour, STRENGTHS[kind]) }];
    }),
  );
}

/** So much of a colour (`#rrggbb`) on white; a transparent one would show the lines of the grid. */
function mixed(colour: string, share: number): string {
  const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const mix = parts.map((part) => Math.round(255 + share * (part - 255)));
  return `#${mix.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** Colours of languages, by ISO 639-1. */
export function languageColours(codes: readonly string[]): Map<string, string> {
  return coloursOf(codes, LANGUAGES);
}

/** Colours of vectors by their names, such as `EN` or `LOC`. */
export function steeringColours(names: readonly string[]): Map<string, string> {
  const known = Object.fromEntries(
    names.flatMap((name) => {
      const kind = steeringKind(name);
      return kind === 'other' || kind === 'none' ? [] : [[name, STEERINGS[kind]]];
    }),
  );
  return coloursOf(names, known);
}

function coloursOf(names: readonly string[], known: Readonly<Record<string, string>>): Map<string, string> {
  const own = (name: string) => (Object.hasOwn(known, name) ? known[name] : undefined);
  const taken = new Set(names.map(own));
  const left = OKABE_ITO.filter((colour) => !taken.has(colour));
  const found = new Map<string, string>();
  let next = 0;
  for (const name of names) {
    if (found.has(name)) continue;
    found.set(name, own(name) ?? left[next++ % left.length] ?? INK);
  }
  return found;
}

/** A scale that gives names their own values; Vega-Lite's would deal them out in its own order. */
export function fixedScale<T>(values: ReadonlyMap<string, T>): { domain: string[]; range: T[] } {
  return { domain: [...values.keys()], range: [...values.values()] };
}

/** What figures have in common: white ground, one font, sizes that are read in a column of a paper. */
export const CONFIG: NonNullable<TopLevelSpec['config']> = {
  background: 'white',
  font: FONT,
  view: { stroke: '#cccccc' },
  axis: {
    labelFontSize: 10,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    labelColor: INK,
    titleColor: INK,
    gridColor: GRID,
    domainColor: '#999999',
    tickColor: '#999999',
  },
  legend: {
    labelFontSize: 10,
    titleFontSize: 10,
    titleFontWeight: 'normal',
    labelColor: INK,
    titleColor: INK,
    labelLimit: 260,
  },
  header: {
    labelFontSize: 10,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    labelColor: INK,
    titleColor: INK,
  },
  title: {
    fontSize: 13,
    fontWeight: 'bold',
    color: INK,
    subtitleColor: '#555555',
    subtitleFontSize: 9.5,
    subtitleLineHeight: 13,
    anchor: 'start',
    frame: 'group',
    offset: 8,
  },
};

/** Where the format of a spec is described; tools that open `.vl.json` look for it. */
export const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';
