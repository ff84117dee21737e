/** The best checkpoint of a run by a figure of its evaluations. */
import { UserError } from '../errors.ts';
import { nearest, type Recipe } from '../recipe/index.ts';
import type { BestCheckpoint } from '../runs/index.ts';

/** What is best. */
export interface BestBy {
  metric: string;
  isHighest: boolean;
}

/** Ends of names of which less is better. */
const LOSSES = /(^|_)(loss|nll|saturated)(\/|$)/;

/** What a recipe chooses its best checkpoint by; undefined where it chooses none. */
export function bestBy({ checkpoint: { bestMetric, bestIs } }: Recipe): BestBy | undefined {
  if (bestMetric === null) return undefined;
  const isHighest = bestIs === 'auto' ? !LOSSES.test(bestMetric) : bestIs === 'highest';
  return { metric: bestMetric, isHighest };
}

/**
 * The best of the steps that have a checkpoint; of equal ones the earliest, which later ones did not improve on.
 *
 * @param evaluated figures by step
 * @param steps that have a checkpoint, or may have one now
 */
export function bestOf(
  evaluated: ReadonlyMap<number, Readonly<Record<string, number>>>,
  { metric, isHighest }: BestBy,
  steps: Iterable<number>,
): Pick<BestCheckpoint, 'step' | 'value'> | undefined {
  let best: { step: number; value: number } | undefined;
  for (const step of [...new Set(steps)].sort((a, b) => a - b)) {
    const value = evaluated.get(step)?.[metric];
    // Step 0 is the model that the run began with, and no checkpoint.
    if (step === 0 || value === undefined || !Number.isFinite(value)) continue;
    if (best === undefined || (isHighest ? value > best.value : value < best.value)) best = { step, value };
  }
  return best;
}

/**
 * @param names of what is measured; each also by language, behind a slash, where `tasks` does not say which there are
 * @throws UserError if the best checkpoint is to be chosen by anything else, with the nearest name
 */
export function requireFigure(
  recipe: Recipe,
  { names, exact }: { names: readonly string[]; exact: readonly string[] },
): void {
  const { bestMetric } = recipe.checkpoint;
  if (bestMetric === null || exact.includes(bestMetric)) return;
  if (names.some((name) => bestMetric === name || /^[a-z-]+$/.test(languagePart(bestMetric, name)))) return;
  const all = [...names, ...exact];
  const hint = nearest(bestMetric, all);
  const shown = all.filter((name) => !/\/[a-z]{2,3}$/.test(name));
  throw new UserError({
    message: `checkpoint.best_metric must be one of what is measured (${shown.join(', ')}), found ${JSON.stringify(bestMetric)}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** `es` of `eval_loss/es`; nothing where the figure is another. */
function languagePart(metric: string, name: string): string {
  return metric.startsWith(`${name}/`) ? metric.slice(name.length + 1) : '';
}
