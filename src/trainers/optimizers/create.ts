/** The choice of an optimizer by a recipe. */
import type * as tf from '../../backend/tfjs.ts';
import type { Recipe } from '../../recipe/index.ts';
import { Adafactor } from './adafactor.ts';
import { AdamW } from './adamw.ts';
import type { Optimizer } from './optimizer.ts';
import { Roundings } from './roundings.ts';

type Settings = Recipe['train']['optimizer'];

/** The optimizer of a recipe, in the state before the first step. */
export function createOptimizer(
  settings: Settings,
  parameters: ReadonlyMap<string, tf.Variable>,
  seed: number,
): Optimizer {
  const rounding = new Roundings(parameters, settings.bf16Weights, seed);
  return settings.name === 'adamw'
    ? new AdamW(parameters, settings, rounding)
    : new Adafactor(parameters, settings, rounding);
}

/** Bytes of a recipe's optimizer state for so many parameters, about: what a checkpoint holds beside the weights. */
export function optimizerBytes(
  { name, bf16Weights }: Settings,
  numParameters: number,
  bf16: boolean,
): number {
  const moments = name === 'adamw' ? 8 * numParameters : 0;
  return moments + (bf16 && bf16Weights === 'master_copy' ? 4 * numParameters : 0);
}
