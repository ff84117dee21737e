/** The transfer-localization plane: the paper's Figures 2c and 5a. */
import type { TopLevelSpec } from 'vega-lite';
import { groundLayers, markLayers } from './plane-layers.ts';
import { domainsOf, FRAME, type PlanePlot, shown } from './plane-plot.ts';
import { CONFIG, SCHEMA } from './style.ts';

export type { PlanePlot, PlotPoint } from './plane-plot.ts';

/** Localization to the right, transfer up, UNALIGNED at the crossing of the lines. */
export function planeSpec(plot: PlanePlot): TopLevelSpec {
  const { points, baseline = 'UNALIGNED', title = 'Transfer and localization', notes = [] } = plot;
  const domains = domainsOf(plot);
  return {
    $schema: SCHEMA,
    description: `The transfer-localization plane of ${points.map(({ name }) => shown(name)).join(', ')} against ${baseline}`,
    title: { text: title, subtitle: [...notes, ...legendLines(plot)] },
    ...FRAME,
    layer: [...groundLayers(plot, domains), ...markLayers(plot, domains)],
    config: CONFIG,
  };
}

/** What is drawn, in words, on lines as wide as the frame. */
function legendLines({ points, floor, band, front }: PlanePlot): string[] {
  const isCrossed = points.some(
    ({ transferInterval, localizationInterval }) => transferInterval ?? localizationInterval,
  );
  const parts = [
    ...(points.some(({ byLanguage }) => byLanguage?.length) ? ['small marks: languages'] : []),
    ...(isCrossed ? ['crosses: 95 % intervals'] : []),
    ...(front === false ? [] : [`green: Pareto front${band?.length ? ' and 95 % of its resamples' : ''}`]),
    ...(points.some(({ onFront }) => onFront !== undefined)
      ? ['%: resamples with the point on the front']
      : []),
    ...(floor ? ['grey: random directions'] : []),
  ];
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length < 84) lines[lines.length - 1] = `${last}; ${part}`;
    else lines.push(part);
  }
  return lines;
}
