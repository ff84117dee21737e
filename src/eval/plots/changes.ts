/** What each method changes in each language: the paper's Figures 2a and 2b. */
import type { TopLevelSpec } from 'vega-lite';
import { methodName, shownName } from '../method-name.ts';
import type { UnitLayer } from './spec.ts';
import { CONFIG, fixedScale, INK, methodStyles, SCHEMA } from './style.ts';

/** A method on one benchmark, in points of 100. */
export interface ChangeRow {
  /** As `methodName` reads it. */
  name: string;
  /** ISO 639-1, or `mean`. */
  language: string;
  change: number;
  /** 95 %, of the differences of items. */
  interval?: readonly [number, number];
}

/** The bars of one benchmark. */
export interface ChangesPlot {
  /** Names in the order of the bars; languages in the order of the groups, the mean first where it is among them. */
  rows: readonly ChangeRow[];
  title?: string;
  /** What is measured, for the axis. */
  measured?: string;
}

/** More bars a language than this are narrow. */
const MANY = 8;

/** Bars from UNALIGNED, which is the line at 0. */
export function changesSpec({ rows, title, measured }: ChangesPlot): TopLevelSpec {
  const names = [...new Set(rows.map(({ name }) => name))];
  const styles = methodStyles(names);
  const label = (name: string) => shownName(methodName(name));
  const languages = [...new Set(rows.map(({ language }) => language))];
  const order = [
    ...languages.filter((code) => code === 'mean'),
    ...languages.filter((code) => code !== 'mean'),
  ];
  const values = rows.map(({ name, language, change, interval }) => ({
    ...{ name: label(name), language, change },
    ...(interval ? { low: interval[0], high: interval[1] } : {}),
  }));
  const scaleOf = <T>(value: (name: string) => T) =>
    fixedScale(new Map(names.map((name) => [label(name), value(name)])));
  const encoding = {
    x: {
      field: 'language',
      type: 'nominal' as const,
      sort: order,
      title: null,
      axis: { labelAngle: 0, labelFontSize: 11, ticks: false, domain: false },
      scale: { paddingInner: 0.25 },
    },
    xOffset: { field: 'name', sort: names.map(label), scale: { paddingInner: 0.1 } },
  };
  const y = {
    type: 'quantitative' as const,
    title: measured ?? 'Change against UNALIGNED, points',
    axis: { format: '+.3~f', labelExpr: "datum.value === 0 ? '0' : datum.label" },
  };
  const layer: UnitLayer[] = [
    {
      mark: { type: 'bar' },
      encoding: {
        ...encoding,
        y: { field: 'change', ...y },
        color: {
          field: 'name',
          type: 'nominal',
          title: null,
          scale: scaleOf((name) => styles.get(name)!.fill),
        },
        // Edits of one training are pale shades of its colour: the edge keeps them visible.
        stroke: {
          field: 'name',
          type: 'nominal',
          title: null,
          scale: scaleOf((name) => styles.get(name)!.colour),
        },
        tooltip: [{ field: 'name' }, { field: 'language' }, { field: 'change' }],
      },
    },
    ...(rows.some(({ interval }) => interval)
      ? [
          {
            transform: [{ filter: 'isValid(datum.low)' }],
            mark: { type: 'rule' as const, color: INK, strokeWidth: 1 },
            encoding: { ...encoding, y: { field: 'low', ...y }, y2: { field: 'high' } },
          },
        ]
      : []),
    { mark: { type: 'rule', color: '#555555' }, encoding: { y: { datum: 0, ...y } } },
  ];
  return {
    $schema: SCHEMA,
    description: `Changes against UNALIGNED of ${names.map(label).join(', ')} in ${order.join(', ')}`,
    ...(title === undefined ? {} : { title: { text: title } }),
    data: { values },
    width: { step: names.length > MANY ? 6 : 13 },
    height: 220,
    layer,
    config: CONFIG,
  };
}
