/** How much of the time goes into products of matrices: the part that no code of ours can make faster. */
import * as tf from './tfjs.ts';
import { addon, TorchBackend } from './torch/index.ts';

export interface ProductTimes {
  /** Seconds inside products since the process began. */
  seconds: number;
  /** Their floating-point operations. */
  flops: number;
}

/** @throws Error on a backend other than torch */
export function productTimes(): ProductTimes {
  if (!(tf.backend() instanceof TorchBackend))
    throw new Error('only the backend torch times its products of matrices');
  const values = new Float64Array(2);
  addon().productTimes(values);
  return { seconds: values[0]!, flops: values[1]! };
}
