/** What options are compared by: a number for each of them, derived from saved scores without the model. */
import { closest, distance } from 'fastest-levenshtein';
import { type Problem, UserError } from '../errors.ts';
import type { OptionScore, ScoredItem } from './item.ts';

/**
 * `sum`: log p(option | prompt), lm-eval's `acc` and the only one that letters need. `tokens`, `bytes`: the same a token
 * or a UTF-8 byte (lm-eval's `acc_bytes`), which do not favour short options. `pmi`: less log p(option) without the question
 * (lm-eval's `acc_mutual_info`), which does not favour likely options.
 */
export const METRICS = ['sum', 'tokens', 'bytes', 'pmi'] as const;
export type Metric = (typeof METRICS)[number];

/** The metric of that name. @throws UserError with the names there are, and the nearest */
export function metricNamed(name: string): Metric {
  const found = METRICS.find((metric) => metric === name);
  if (found) return found;
  const near = closest(name, [...METRICS]);
  throw new UserError({
    message: `there is no metric ${JSON.stringify(name)}; there are ${METRICS.join(', ')}`,
    ...(distance(near, name) <= 3 ? { hint: near } : {}),
  });
}

/** Nats of each option, or nats a token or byte. NaN where a score does not give the metric: `requireMetric` tells. */
export function metricValues(scores: readonly OptionScore[], metric: Metric): number[] {
  return scores.map(({ logprob, tokens, bytes, unconditional }) => {
    if (metric === 'tokens') return tokens > 0 ? logprob / tokens : Number.NaN;
    if (metric === 'bytes') return bytes > 0 ? logprob / bytes : Number.NaN;
    return metric === 'pmi' ? logprob - (unconditional ?? Number.NaN) : logprob;
  });
}

/** Reasons are told with this many places at most: a result that lacks something lacks it in each of its rows. */
const SHOWN = 5;

/**
 * @throws UserError with the places of items whose scores do not give the metric: as many as options, each with what the
 *   metric needs, none of them NaN or positively infinite, not all of them -Infinity
 */
export function requireMetric(items: readonly ScoredItem[], metric: Metric): void {
  const problems: Problem[] = [];
  for (const scored of items) {
    const message = whyNot(scored, metric);
    if (message) problems.push({ ...scored.item.place, message: `item ${scored.item.id}: ${message}` });
  }
  if (problems.length === 0) return;
  const more = problems.length - SHOWN;
  const rest = more > 0 ? [{ message: `and ${more} more of ${items.length} items` }] : [];
  throw new UserError([...problems.slice(0, SHOWN), ...rest]);
}

/** Why the metric cannot be had of an item; undefined if it can. */
function whyNot({ item, scores }: ScoredItem, metric: Metric): string | undefined {
  if (scores.length !== item.options.length)
    return `has ${scores.length} scores for ${item.options.length} options`;
  if (!Number.isInteger(item.gold) || item.gold < 0 || item.gold >= scores.length)
    return `its right option is number ${item.gold} of 0..${scores.length - 1}`;
  if (metric === 'pmi' && scores.some(({ unconditional }) => unconditional === undefined))
    return 'pmi needs the log-probabilities of options without the question, which were not asked for';
  const values = metricValues(scores, metric);
  const bad = values.findIndex((value) => Number.isNaN(value) || value === Number.POSITIVE_INFINITY);
  if (bad >= 0) return `option ${bad} gives no value by ${metric}: ${JSON.stringify(shown(scores[bad]!))}`;
  if (values.every((value) => value === Number.NEGATIVE_INFINITY))
    return 'all its options have probability 0';
  return undefined;
}

/** JSON writes NaN and infinities as null. */
function shown(score: OptionScore): Record<string, string> {
  return Object.fromEntries(Object.entries(score).map(([key, value]) => [key, String(value)]));
}
