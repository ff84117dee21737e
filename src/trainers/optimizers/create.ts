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

/**
 * Names and shapes of what `createOptimizer(..).state` holds for parameters of these shapes, to tell a whole state file
 * from another before there are tensors. `bf16`: are weights stored as bfloat16?
 */
export function stateShapes(
  { name, bf16Weights }: Pick<Settings, 'name' | 'bf16Weights'>,
  parameters: ReadonlyMap<string, readonly number[]>,
  bf16: boolean,
): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const [parameter, shape] of parameters) {
    if (name === 'adamw') shapes.set(`exp_avg.${parameter}`, shape).set(`exp_avg_sq.${parameter}`, shape);
    else if (shape.length !== 2) shapes.set(`exp_avg_sq.${parameter}`, shape);
    else {
      shapes.set(`exp_avg_sq_row.${parameter}`, [shape[0]!]).set(`exp_avg_sq_col.${parameter}`, [shape[1]!]);
    }
    if (bf16 && bf16Weights === 'master_copy') shapes.set(`master.${parameter}`, shape);
  }
  return shapes;
}
