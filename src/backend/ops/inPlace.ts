/** The few operations that change a tensor where it lies; on other backends a variable takes a new value instead. */
import * as tf from '../tfjs.ts';
import { addon } from '../torch/addon.ts';
import { TorchBackend } from '../torch/backend.ts';

/** target += x */
export function addInto(target: tf.Variable, x: tf.Tensor): void {
  const backend = tf.backend();
  if (backend instanceof TorchBackend) addon().addInPlace(backend.handle(target), backend.handle(x));
  else tf.tidy(() => target.assign(tf.add(target, x)));
}

/** target = 0 */
export function setZero(target: tf.Variable): void {
  const backend = tf.backend();
  if (backend instanceof TorchBackend) addon().zeroInPlace(backend.handle(target));
  else tf.tidy(() => target.assign(tf.zerosLike(target)));
}

/** Sum of squares in fp64, in an order that does not depend on threads; plain fp32 on other backends. */
export function sumOfSquares(x: tf.Tensor): number {
  const backend = tf.backend();
  if (backend instanceof TorchBackend) return addon().sumOfSquares(backend.handle(x));
  return tf.tidy(() => tf.sum(tf.square(x)).dataSync()[0]!);
}
