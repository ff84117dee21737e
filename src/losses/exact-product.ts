/**
 * Products of small matrices in fp32 where `backend.compute` has those of the model in bfloat16: cosines near 1 differ
 * by less than bfloat16 can tell.
 *
 * Shape letters: M, N rows; D what is summed over.
 */
import * as tf from '../backend/tfjs.ts';

/** Values of a block of the sum's terms: 16 MB of fp32. */
const BLOCK = 1 << 22;

/**
 * a b^T, in fp32 on every backend: multiplied element by element and summed, a block of rows at a time. Meant for what
 * is small beside the model: M N D multiplications pass through memory.
 */
export function exactProduct(a_MD: tf.Tensor2D, b_ND: tf.Tensor2D): tf.Tensor2D {
  const run = tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: tf.Tensor[]) => void;
    const [a, b] = args as tf.Tensor2D[];
    save([a!, b!]);
    return {
      value: blocks(a!, b!),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, y] = saved as tf.Tensor2D[];
        return [
          exactProduct(dy as tf.Tensor2D, tf.transpose(y!)),
          exactProduct(tf.transpose(dy as tf.Tensor2D), tf.transpose(x!)),
        ];
      },
    };
  });
  return run(a_MD, b_ND) as tf.Tensor2D;
}

function blocks(a_MD: tf.Tensor2D, b_ND: tf.Tensor2D): tf.Tensor2D {
  const [M, D] = a_MD.shape;
  const rows = Math.max(1, Math.floor(BLOCK / (b_ND.shape[0] * D)));
  const b_1ND = tf.expandDims(b_ND, 0);
  const parts: tf.Tensor2D[] = [];
  for (let first = 0; first < M; first += rows) {
    const block = tf.slice(a_MD, [first, 0], [Math.min(rows, M - first), D]);
    parts.push(tf.tidy(() => tf.sum(tf.mul(tf.expandDims(block, 1), b_1ND), 2) as tf.Tensor2D));
  }
  return parts.length === 1 ? parts[0]! : tf.concat(parts, 0);
}
