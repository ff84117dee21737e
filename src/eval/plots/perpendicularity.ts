/** How far EN and LOC are from parallel at each layer: the paper's Figures 4a and 10, its equation 6. */
import type { TopLevelSpec } from 'vega-lite';
import { type CurvePoint, curvesSpec } from './curves.ts';
import { languageColours } from './style.ts';

/** Degrees: 90 is perpendicular, 0 is parallel either way. */
export interface PerpendicularityPlot {
  /** x is the layer; of vectors averaged over languages, or the mean of the languages' scores. */
  mean?: readonly CurvePoint[];
  byLanguage?: readonly { language: string; points: readonly CurvePoint[] }[];
  title?: string;
  notes?: readonly string[];
}

const MEAN = 'mean';

/** Languages are thin lines behind the mean, whose peak is marked. */
export function perpendicularitySpec({
  mean = [],
  byLanguage = [],
  title = 'EN against LOC',
  notes = [],
}: PerpendicularityPlot): TopLevelSpec {
  const colours = new Map([
    ...(mean.length > 0 ? [[MEAN, '#222222'] as const] : []),
    ...languageColours(byLanguage.map(({ language }) => language)),
  ]);
  // The first of equal ones: shallower, where an edit has more of the model behind it.
  const peak = mean.reduce<CurvePoint | undefined>(
    (best, at) => (best && best.y >= at.y ? best : at),
    undefined,
  );
  return curvesSpec({
    description: 'Perpendicularity of EN and LOC by layer, degrees',
    title,
    ...{ notes, colours },
    panels: [
      {
        ...{ xTitle: 'Layer', yTitle: 'Perpendicularity, degrees', yDomain: [0, 92] },
        curves: [
          ...byLanguage.map(({ language, points }) => ({ name: language, points, isFaint: mean.length > 0 })),
          ...(mean.length > 0 ? [{ name: MEAN, points: mean }] : []),
        ],
        levels: [{ y: 90, text: '' }],
        places: peak ? [{ x: peak.x, text: `peak: layer ${peak.x}`, colour: '#777777' }] : [],
      },
    ],
  });
}
