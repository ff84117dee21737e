/**
 * Figures as pictures. What belongs here: a function from plain data, in the units it is shown in, to a Vega-Lite spec, one file a
 * figure of the paper, and what draws specs. No figure reads files, computes a statistic or knows a model: numbers come from their
 * own modules. (`../figures.ts` is of numbers of one item.) Colours, marks and sizes are all in `style.ts`.
 *
 * | figure of the paper | function |
 * |---|---|
 * | 2a, 2b | `changesSpec` |
 * | 2c, 5a | `planeSpec` |
 * | 3, 11, 12, 13 | `pcaSpec` |
 * | 4a, 10 | `perpendicularitySpec` |
 * | 4b, 9 | `sweepSpec` |
 * | 5b | `biasSpec` |
 */
export { type BiasCurve, type BiasPlot, type BiasPoint, biasSpec } from './bias.ts';
export { type ChangeRow, type ChangesPlot, changesSpec } from './changes.ts';
export type { CurvePoint } from './curves.ts';
export { page, type Section } from './page.ts';
export { type PcaPanel, type PcaPlot, type PcaPoint, pcaSpec } from './pca.ts';
export { type PerpendicularityPlot, perpendicularitySpec } from './perpendicularity.ts';
export { type PlanePlot, type PlotPoint, planeSpec } from './plane.ts';
export {
  FIGURE_FORMATS,
  type FigureFormat,
  figureFormat,
  type PngOptions,
  renderPng,
  renderSvg,
  specText,
  writeFigure,
} from './render.ts';
export { type SweepCurve, type SweepPanel, type SweepPlot, sweepSpec } from './sweep.ts';
