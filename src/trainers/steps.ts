/** How long a run is. */
import type { Recipe } from '../recipe/index.ts';

/** Optimizer steps of the whole run: `max_steps`, or `epochs` rounded up to whole steps as transformers does. */
export function totalSteps({ train }: Pick<Recipe, 'train'>, stepsPerEpoch: number): number {
  return train.maxSteps ?? Math.ceil(train.epochs * stepsPerEpoch);
}
