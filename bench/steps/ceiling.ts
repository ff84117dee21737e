/** How fast this machine multiplies matrices at best. */
import * as tf from '../../src/backend/tfjs.ts';
import { bestSeconds } from '../harness.ts';

/** Of the square product whose speed is the ceiling. */
export const SQUARE = 2048;

/** GFLOP/s of a square product, as large as those of a step, in the types that the backend computes in. */
export async function ceiling(): Promise<number> {
  const [a, b] = [tf.randomNormal([SQUARE, SQUARE]), tf.randomNormal([SQUARE, SQUARE])] as [
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const seconds = await bestSeconds(5, () => tf.matMul(a, b, false, true).dispose());
  tf.dispose([a, b]);
  return (2 * SQUARE ** 3) / seconds / 1e9;
}
