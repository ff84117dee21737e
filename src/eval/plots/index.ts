/**
 * Figures as pictures. What belongs here: a function from plain data, in the units it is shown in, to a Vega-Lite spec, one file a
 * figure of the paper, and what draws specs. No figure reads files, computes a statistic or knows a model: numbers come from their
 * own modules. (`../figures.ts` is of numbers of one item.) Colours, marks and sizes are all in `style.ts`.
 */
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
