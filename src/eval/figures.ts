/** What the scores of an item say under a metric. */
import { englishChoice } from './english-choice.ts';
import type { ScoredItem } from './item.ts';
import { type Metric, metricValues } from './metric.ts';

/** Figures of one item. */
export interface ItemFigures {
  /** Index of the option with the largest value; of tied ones the first, as lm-eval's argmax takes it. */
  chosen: number;
  /** lm-eval's `acc`: is the chosen option the right one? */
  correct: boolean;
  /** Options that share the largest value: 1 where there is no tie. */
  tied: number;
  /** What a fair draw among the tied options would be right: 1/tied if the right one is among them, else 0. */
  expected: number;
  /** log of the right option's share, in nats: log-softmax of the values over the options. */
  choiceLogProb: number;
  /** Was an option of the US or the UK chosen? Only where it would be a wrong one: see `englishChoice`. */
  english?: boolean;
}

/** @param scored of items that `requireMetric` let pass */
export function itemFigures({ item, scores }: ScoredItem, metric: Metric): ItemFigures {
  const values = metricValues(scores, metric);
  const best = Math.max(...values);
  const chosen = values.indexOf(best);
  const tied = values.filter((value) => value === best).length;
  const english = englishChoice(item, chosen);
  return {
    chosen,
    correct: chosen === item.gold,
    tied,
    expected: values[item.gold] === best ? 1 / tied : 0,
    choiceLogProb: values[item.gold]! - logSumExp(values, best),
    ...(english === undefined ? {} : { english }),
  };
}

/** @param best the largest value, taken out so that no exponential vanishes or overflows */
function logSumExp(values: readonly number[], best: number): number {
  return best + Math.log(values.reduce((sum, value) => sum + Math.exp(value - best), 0));
}
