/** Figures of many items as numbers that means are taken of. */
import type { Measure } from './cluster-sums.ts';
import { type ItemFigures, itemFigures } from './figures.ts';
import type { ScoredItem } from './item.ts';
import { type Metric, requireMetric } from './metric.ts';

/** An item beside its figures. */
export interface Figured {
  scored: ScoredItem;
  figures: ItemFigures;
}

/**
 * What means are taken of. `accuracy`: lm-eval's, of tied options the first. `expected`: accuracy of a fair draw among tied
 * options. `choiceLogProb`: nats of the right option among the options. `english`: share of questions about other cultures
 * that are answered with the US or the UK.
 */
export const FIGURES = ['accuracy', 'expected', 'choiceLogProb', 'english'] as const;
export type Figure = (typeof FIGURES)[number];

/** @throws UserError with the places of items whose scores do not give the metric */
export function figuredItems(items: readonly ScoredItem[], metric: Metric): Figured[] {
  requireMetric(items, metric);
  return items.map((scored) => ({ scored, figures: itemFigures(scored, metric) }));
}

/** Of all items; for `english` of those that it can be asked of, which may be none. */
export function measures(items: readonly Figured[], figure: Figure): Measure[] {
  return items.flatMap(({ scored: { item }, figures }) => {
    const value = measured(figures, figure);
    const { id, language, cluster } = item;
    return value === undefined ? [] : [{ id, language, cluster, value }];
  });
}

function measured(figures: ItemFigures, figure: Figure): number | undefined {
  if (figure === 'expected' || figure === 'choiceLogProb') return figures[figure];
  const is = figure === 'accuracy' ? figures.correct : figures.english;
  return is === undefined ? undefined : Number(is);
}
