import type * as tf from '../tfjs.ts';

/** How an optimizer writes back a parameter stored as bf16; without effect on one stored as fp32. */
export interface Rounding {
  /** A copy in fp32 that is updated, and rounded to the parameter. Without one, rounding is stochastic. */
  master?: tf.Variable | undefined;
  /** int32: what the draws of stochastic rounding are a function of; another one each step and parameter. */
  key?: number;
}
