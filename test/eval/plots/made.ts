/** Data for every kind of figure, made here. */
import { biasSpec } from '../../../src/eval/plots/bias.ts';
import { changesSpec } from '../../../src/eval/plots/changes.ts';
import { pcaSpec } from '../../../src/eval/plots/pca.ts';
import { perpendicularitySpec } from '../../../src/eval/plots/perpendicularity.ts';
import { type PlotPoint, planeSpec } from '../../../src/eval/plots/plane.ts';
import { sweepSpec } from '../../../src/eval/plots/sweep.ts';

const LANGUAGES = ['en', 'es', 'id', 'ko', 'el', 'zh', 'ar'];
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
/** Between -1 and 1, of a number. */
const wave = (i: number) => Math.sin(12.9898 * i + 4.1);

/** A point with intervals, and two languages around it. */
export function point(name: string, transfer: number, localization: number): PlotPoint {
  return {
    ...{ name, transfer, localization },
    transferInterval: [transfer - 0.3, transfer + 0.3],
    localizationInterval: [localization - 0.8, localization + 0.8],
    byLanguage: [
      { language: 'ko', transfer: transfer + 0.4, localization: localization - 1 },
      { language: 'zh', transfer: transfer - 0.4, localization: localization + 1 },
    ],
  };
}

const curve = (peak: number, height: number) =>
  range(24).map((i) => {
    const y = 50 + height * Math.exp(-((2 * i - peak) ** 2) / 60) + 0.4 * wave(i + peak);
    return { x: 2 * i, y, low: y - 0.8, high: y + 0.8 };
  });
const cloud = (shift: number) =>
  LANGUAGES.flatMap((language, l) =>
    range(30).map((i) => ({
      ...{ language, x: 8 * wave(i + 31 * l) + shift * Math.cos(l) },
      y: 8 * wave(7 * i + 11 * l) + shift * Math.sin(l),
    })),
  );

/** One of each, by what it is of. */
export const FIGURES = {
  plane: planeSpec({
    points: [point('MIST', 0.9, -0.7), point('CLO', 1.9, -3.4), point('CLO + SUR', 2.1, 3.3)],
    floor: { transfer: [-0.2, 0.1], localization: [-0.3, 0.4] },
    band: range(60).map((i) => ({
      localization: -6 + 0.2 * i,
      low: i < 44 ? 1.6 : Number.NEGATIVE_INFINITY,
      median: i < 47 ? 2 : Number.NEGATIVE_INFINITY,
      high: i < 51 ? 2.4 : Number.NEGATIVE_INFINITY,
    })),
  }),
  changes: changesSpec({
    rows: ['mean', 'es', 'ko', 'zh'].flatMap((language, l) =>
      ['MIST', 'CLO', 'MIDALIGN', 'UNALIGNED + EN'].map((name, m) => ({
        ...{ language, name, change: m - 1.2 + wave(l + m) },
        interval: [m - 2 + wave(l + m), m - 0.4 + wave(l + m)] as const,
      })),
    ),
    title: 'Transfer',
  }),
  pca: pcaSpec({
    panels: ['UNALIGNED, universal', 'CLO, universal'].flatMap((row, r) =>
      [20, 28, 47].map((layer, i) => ({ row, layer, points: cloud(18 - 5 * i - 6 * r) })),
    ),
    title: 'Principal components',
  }),
  pcaByLayer: pcaSpec({
    panels: range(7).map((i) => ({ layer: 2 * i, points: cloud(3 * i), explained: [0.41, 0.13] })),
    columns: 4,
  }),
  pcaVariants: pcaSpec({
    panels: [20, 28].map((layer) => ({
      layer,
      points: ['original', 'EN', 'LOC'].flatMap((variant, v) =>
        cloud(10 + 8 * v).flatMap((at) =>
          at.language === 'es' || at.language === 'en' ? [{ ...at, variant }] : [],
        ),
      ),
    })),
  }),
  sweep: sweepSpec({
    panels: [
      {
        title: 'Transfer (Dev2)',
        curves: [
          { vector: 'EN', points: curve(20, 4) },
          { vector: 'LOC', points: curve(30, -3) },
        ],
        ...{ unsteered: 50.3, chosen: [{ vector: 'EN', layer: 20 }] },
      },
      {
        title: 'Localization (Dev2)',
        curves: [
          { vector: 'EN', points: curve(16, -5) },
          { vector: 'LOC', points: curve(28, 9) },
          { vector: 'random', points: curve(0, 0.1) },
        ],
        ...{ unsteered: 50, chosen: [{ vector: 'LOC', layer: 28 }] },
      },
    ],
    title: 'Steering by layer',
  }),
  perpendicularity: perpendicularitySpec({
    mean: range(24).map((i) => ({ x: 2 * i, y: 50 + 36 * Math.exp(-((2 * i - 28) ** 2) / 200) })),
    byLanguage: ['es', 'ko', 'ar'].map((language, l) => ({
      language,
      points: range(24).map((i) => ({ x: 2 * i, y: 46 + 3 * l + 36 * Math.exp(-((2 * i - 28) ** 2) / 200) })),
    })),
  }),
  bias: biasSpec({
    curves: ['MIST', 'CLO', 'MIDALIGN'].map((name, m) => ({
      name,
      points: range(6).map((i) => {
        const share = 33 + (m + 1) * Math.sqrt(i);
        return { step: 400 * i, share, interval: [share - 0.6, share + 0.6] as const };
      }),
      steered: { share: 31 + m, interval: [30.4 + m, 31.6 + m] as const },
    })),
    unaligned: { share: 33, steered: { share: 30.2 } },
  }),
};
