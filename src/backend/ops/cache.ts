/**
 * Keys and values of tokens already read. For generation and scoring only: none of this has a gradient.
 *
 * Shapes: B rows, T new tokens a row, C capacity, N query heads, K key/value heads, G = N / K, H head dim.
 */
import * as tf from '../tfjs.ts';
import { addon } from '../torch/addon.ts';
import { TorchBackend } from '../torch/backend.ts';

/** Where new tokens go: int32, the tokens each row holds already and how many of the T are real. */
export interface Places {
  starts_B: tf.Tensor1D;
  counts_B: tf.Tensor1D;
}

/** cache[b, starts[b] + t] = fresh[b, t] for t < counts[b]. Throws when a row would pass its capacity. */
export function appendCache(
  cache_BCKH: tf.Variable,
  fresh_BTKH: tf.Tensor,
  { starts_B, counts_B }: Places,
): void {
  const b = tf.backend();
  if (b instanceof TorchBackend && b.runsOwnKernels) {
    addon().appendCache(b.handle(cache_BCKH), b.handle(fresh_BTKH), b.handle(starts_B), b.handle(counts_B));
    return;
  }
  tf.tidy(() => {
    const [B, C, K, H] = cache_BCKH.shape as [number, number, number, number];
    const T = fresh_BTKH.shape[1]!;
    const full = tf.max(tf.add(starts_B, counts_B)).dataSync()[0]!;
    if (full > C) throw new Error(`the cache holds ${C} tokens, not ${full}`);
    const t = tf.range(0, T, 1, 'int32');
    const real_BT = tf.less(tf.expandDims(t, 0), tf.expandDims(counts_B, 1));
    const place_BT = tf.where(
      real_BT,
      tf.add(tf.expandDims(starts_B, 1), tf.expandDims(t, 0)),
      tf.fill([B, T], -1, 'int32'),
    );
    const hit_BTC = tf.oneHot(place_BT as tf.Tensor2D, C);
    const fresh = tf.matMul(hit_BTC, tf.reshape(fresh_BTKH, [B, T, K * H]), true, false);
    const kept = tf.sub(1, tf.expandDims(tf.sum(hit_BTC, 1), 2));
    cache_BCKH.assign(
      tf.reshape(tf.add(tf.mul(tf.reshape(cache_BCKH, [B, C, K * H]), kept), fresh), [B, C, K, H]),
    );
  });
}

/**
 * Attention of new tokens to the cache that they have been appended to; token t of row b sees those up to starts[b] + t.
 * @param window tokens a query sees, itself included; 0 for all before it
 */
export function cachedAttention(
  q_BTNH: tf.Tensor4D,
  keys_BCKH: tf.Tensor,
  values_BCKH: tf.Tensor,
  { starts_B, counts_B }: Places,
  window: number,
  scale: number,
): tf.Tensor4D {
  const b = tf.backend();
  if (b instanceof TorchBackend && b.runsOwnKernels) {
    const handles = [q_BTNH, keys_BCKH, values_BCKH, starts_B, counts_B].map((x) => b.handle(x)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const info = b.wrap(addon().cachedAttention(...handles, window, scale), 'float32', q_BTNH.shape);
    return tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor4D;
  }
  return tf.tidy(() => {
    const [B, T, N, H] = q_BTNH.shape;
    const [, C, K] = keys_BCKH.shape as [number, number, number, number];
    const G = N / K;
    const q = tf.reshape(tf.transpose(tf.reshape(q_BTNH, [B, T, K, G, H]), [0, 2, 3, 1, 4]), [
      B,
      K,
      G * T,
      H,
    ]);
    const [keys, values] = [keys_BCKH, values_BCKH].map((x) => tf.transpose(x, [0, 2, 1, 3])) as [
      tf.Tensor,
      tf.Tensor,
    ];
    const t = tf.range(0, T, 1, 'int32');
    const at_BT1 = tf.expandDims(tf.add(tf.expandDims(starts_B, 1), tf.expandDims(t, 0)), 2);
    const distance = tf.sub(at_BT1, tf.reshape(tf.range(0, C, 1, 'int32'), [1, 1, C]));
    let visible = tf.greaterEqual(distance, 0);
    if (window > 0) visible = tf.logicalAnd(visible, tf.less(distance, window));
    const bias = tf.where(visible, tf.zeros([B, T, C]), tf.fill([B, T, C], -1e30));
    const scores = tf.add(
      tf.reshape(tf.mul(tf.matMul(q, keys, false, true), scale), [B, K, G, T, C]),
      tf.reshape(bias, [B, 1, 1, T, C]),
    );
    const real = tf.cast(tf.less(tf.expandDims(t, 0), tf.expandDims(counts_B, 1)), 'float32');
    const out = tf.matMul(tf.reshape(tf.softmax(scores), [B, K, G * T, C]), values);
    const back = tf.reshape(tf.transpose(tf.reshape(out, [B, K, G, T, H]), [0, 3, 1, 2, 4]), [B, T, N, H]);
    return tf.mul(back, tf.reshape(real, [B, T, 1, 1])) as tf.Tensor4D;
  });
}
