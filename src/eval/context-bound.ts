/**
 * What a model knows of a culture when the question names the country: an upper bound on what it can say when only the language
 * tells it. The paper calls knowledge suppressed that is still there and not used, and erased what is not there any more; here,
 * of the change against UNALIGNED on the same questions in both forms,
 *
 *     lost       = accuracy with the country named - the same of UNALIGNED
 *     suppressed = change without the country - lost
 *
 * so that the two add up to localization. Negative is worse, as on the plane.
 */
import { figuredItems, measures } from './measures.ts';
import type { Metric } from './metric.ts';
import { type PairedEstimates, pairedEstimate } from './paired.ts';
import { pairItems, type Result } from './same-items.ts';
import { type Estimates, estimate, type StatisticsOptions } from './statistics.ts';

/** The same questions without and with their country. */
export interface BothForms {
  decontextualized: Result;
  contextualized: Result;
}

/** How results are compared. */
export interface ContextOptions extends StatisticsOptions {
  /** Default: sum, which letters need. */
  metric?: Metric;
}

/** Of the change of localization: what is gone, and what is only not used. Shares of 1. */
export interface Erasure {
  /** a and b are the accuracies with the country named of UNALIGNED and of the model. */
  lost: PairedEstimates;
  suppressed: Estimates;
}

/**
 * Accuracy without the country (a), with it (b), and how much it helps (delta). Questions that only the contextualised result has
 * are left out.
 *
 * @throws UserError if it lacks a question of the other, or has other options for one
 */
export function contextGap(forms: BothForms, options: ContextOptions): PairedEstimates {
  const { without, named } = bothMeasures(forms, options.metric ?? 'sum');
  return pairedEstimate(without, named, options);
}

/** @throws UserError as `contextGap`, and if the two are not of the same questions */
export function erasure(unaligned: BothForms, model: BothForms, options: ContextOptions): Erasure {
  // Refuses other questions before any is compared.
  pairItems(unaligned.decontextualized, model.decontextualized);
  const metric = options.metric ?? 'sum';
  const [before, after] = [bothMeasures(unaligned, metric), bothMeasures(model, metric)];
  const key = ({ language, id }: { language: string; id: string }) => `${language}\0${id}`;
  const places = new Map(after.without.map((measure, i) => [key(measure), i]));
  const order = before.without.map((measure) => places.get(key(measure))!);
  const named = order.map((i) => after.named[i]!);
  const suppressed = before.without.map((measure, i) => {
    const [without, its] = [after.without[order[i]!]!, named[i]!];
    const lost = its.value - before.named[i]!.value;
    return { ...measure, value: without.value - measure.value - lost };
  });
  return {
    lost: pairedEstimate(before.named, named, options),
    suppressed: estimate(suppressed, options),
  };
}

function bothMeasures({ decontextualized, contextualized }: BothForms, metric: Metric) {
  const asked = new Set(decontextualized.items.map(({ item }) => `${item.language}\0${item.id}`));
  const same = contextualized.items.filter(({ item }) => asked.has(`${item.language}\0${item.id}`));
  const pairs = pairItems(decontextualized, { ...contextualized, items: same });
  const accuracy = (side: 'a' | 'b') =>
    measures(
      figuredItems(
        pairs.map((pair) => pair[side]),
        metric,
      ),
      'accuracy',
    );
  return { without: accuracy('a'), named: accuracy('b') };
}
