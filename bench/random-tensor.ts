/** Random tensors of any size in no time. */
import * as tf from '../src/backend/tfjs.ts';

const DRAWN = 4096 * 640;

/** Normal values of this deviation; past 2.6 million of them they repeat, as TensorFlow.js draws 100 ns a number. */
export function randomTensor<T extends tf.Tensor>(shape: number[], deviation = 1): T {
  return tf.tidy(() => {
    const size = tf.util.sizeFromShape(shape);
    const drawn = tf.randomNormal([Math.min(size, DRAWN)], 0, deviation, 'float32', 1);
    const whole = tf.tile(drawn, [Math.ceil(size / drawn.size)]);
    return tf.reshape(whole.size === size ? whole : tf.slice(whole, [0], [size]), shape) as T;
  });
}
