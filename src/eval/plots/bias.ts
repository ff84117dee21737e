/** How often models answer questions of other cultures with the US or the UK, along their training: the paper's Figure 5b. */
import type { TopLevelSpec } from 'vega-lite';
import { type CurveMark, curvesSpec } from './curves.ts';
import { methodStyles } from './style.ts';

/** A training by its checkpoints; shares in points of 100. */
export interface BiasCurve {
  /** As `methodName` reads it. */
  name: string;
  points: readonly BiasPoint[];
  /** Its last checkpoint under SUR. */
  steered?: Omit<BiasPoint, 'step'>;
}

/** A share, with its 95 % interval. */
export interface BiasPoint {
  step: number;
  share: number;
  interval?: readonly [number, number];
}

export interface BiasPlot {
  curves: readonly BiasCurve[];
  /** The model that training began with, drawn across; under SUR at step 0. */
  unaligned?: { share: number; steered?: Omit<BiasPoint, 'step'> };
  title?: string;
  notes?: readonly string[];
}

/** Curves by step; stars are under SUR, as on the plane. */
export function biasSpec({ curves, unaligned, title = 'English bias', notes = [] }: BiasPlot): TopLevelSpec {
  const names = [...(unaligned ? ['UNALIGNED'] : []), ...curves.map(({ name }) => name)];
  const styles = methodStyles(names);
  const star = methodStyles(['SUR']).get('SUR')!.shape;
  const mark = (name: string, step: number, { share, interval }: Omit<BiasPoint, 'step'>): CurveMark => ({
    ...{ name, x: step, y: share, shape: star },
    ...(interval ? { low: interval[0], high: interval[1] } : {}),
  });
  const marks = [
    ...(unaligned?.steered ? [mark('UNALIGNED', 0, unaligned.steered)] : []),
    ...curves.flatMap(({ name, points, steered }) =>
      steered ? [mark(name, Math.max(0, ...points.map(({ step }) => step)), steered)] : [],
    ),
  ];
  return curvesSpec({
    description: `Share of answers of the US or the UK by step of ${names.join(', ')}`,
    title,
    notes: [...notes, ...(marks.length > 0 ? ['stars: under SUR-steering'] : [])],
    colours: new Map(names.map((name) => [name, styles.get(name)!.colour])),
    panels: [
      {
        ...{ xTitle: 'Step', yTitle: 'Answers of the US or the UK, %' },
        curves: curves.map(({ name, points }) => ({
          name,
          points: points.map(({ step, share, interval }) => ({
            ...{ x: step, y: share },
            ...(interval ? { low: interval[0], high: interval[1] } : {}),
          })),
        })),
        marks,
        levels: unaligned ? [{ y: unaligned.share, text: 'UNALIGNED', isBelow: true }] : [],
      },
    ],
  });
}
