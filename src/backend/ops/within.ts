/** The bounds of ids, for operations composed of TensorFlow.js' own: those read past a table, or zeros, without a word. */
import type * as tf from '../tfjs.ts';

/**
 * Holds every id to 0..count - 1.
 * @param ids int32
 * @param what names an id, and `table` what it is looked up in
 * @throws Error, as the native kernels do
 */
export function requireWithin(ids: tf.Tensor, count: number, what: string, table: string): void {
  for (const id of ids.dataSync() as Int32Array)
    if (id < 0 || id >= count) throw new Error(`${what} ${id} outside the ${table} of ${count}`);
}
