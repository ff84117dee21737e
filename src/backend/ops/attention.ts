/**
 * Causal grouped-query attention over packed segments, with an optional sliding window that counts the token itself
 * (transformers, masking_utils.py: sliding_window_overlay, kv > q - window). Segment 0 is padding: it attends to
 * nothing, nothing attends to it, and its output is zero.
 *
 * Shapes: B rows, T tokens a row, M = B T tokens, N query heads, K key/value heads, G = N / K, H head dim.
 */
import * as tf from '../tfjs.ts';
import { addon } from '../torch/addon.ts';
import { resultHandle } from '../torch/register.ts';
import { defineKernel } from './define.ts';

type In = { q: tf.TensorInfo; k: tf.TensorInfo; v: tf.TensorInfo; segments: tf.TensorInfo };
/** window 0 means none. */
type Attrs = { window: number; scale: number };

/** Probabilities [B, K, G*T, T] and what else both directions need. */
function probabilities(q_MNH: tf.Tensor, k_MKH: tf.Tensor, segments_BT: tf.Tensor, { window, scale }: Attrs) {
  const [B, T] = segments_BT.shape as [number, number];
  const [, N, H] = q_MNH.shape as [number, number, number];
  const K = k_MKH.shape[1]!;
  const G = N / K;
  const fold = (x: tf.Tensor) =>
    tf.reshape(tf.transpose(tf.reshape(x, [B, T, K, G, H]), [0, 2, 3, 1, 4]), [B, K, G * T, H]);
  const unfold = (x: tf.Tensor) =>
    tf.reshape(tf.transpose(tf.reshape(x, [B, K, G, T, H]), [0, 3, 1, 2, 4]), [B * T, N, H]);
  const keys = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [B, T, K, H]), [0, 2, 1, 3]);
  const unkeys = (x: tf.Tensor) => tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [B * T, K, H]);

  const at = tf.range(0, T, 1, 'int32');
  const distance = tf.sub(tf.expandDims(at, 1), tf.expandDims(at, 0));
  let visible = tf.greaterEqual(distance, 0);
  if (window > 0) visible = tf.logicalAnd(visible, tf.less(distance, window));
  const same = tf.equal(tf.expandDims(segments_BT, 2), tf.expandDims(segments_BT, 1));
  const real = tf.notEqual(segments_BT, 0);
  const mask_BTT = tf.logicalAnd(tf.logicalAnd(visible, same), tf.expandDims(real, 1));
  const bias = tf.where(mask_BTT, tf.zeros([B, T, T]), tf.fill([B, T, T], -1e30));

  const qf = fold(q_MNH);
  const kt = keys(k_MKH);
  const scores = tf.mul(tf.matMul(qf, kt, false, true), scale);
  const masked = tf.add(tf.reshape(scores, [B, K, G, T, T]), tf.reshape(bias, [B, 1, 1, T, T]));
  const top = tf.max(masked, -1, true);
  const e = tf.exp(tf.sub(masked, top));
  const sum = tf.sum(e, -1, true);
  // A padded query sees nothing: its row of probabilities is zero rather than uniform.
  const shown = tf.cast(tf.reshape(real, [B, 1, 1, T, 1]), 'float32');
  const p = tf.reshape(tf.mul(tf.div(e, sum), shown), [B, K, G * T, T]);
  const lse = tf.reshape(tf.transpose(tf.reshape(tf.add(top, tf.log(sum)), [B, K, G, T]), [0, 3, 1, 2]), [
    B * T,
    N,
  ]);
  return { p, lse, qf, kt, fold, unfold, keys, unkeys };
}

const grad = defineKernel<In & { dout: tf.TensorInfo; out: tf.TensorInfo; lse: tf.TensorInfo }, Attrs>({
  name: 'AttentionGrad',
  native: ({ dout, q, k, v, out, lse, segments }, { window, scale }, b) => {
    addon().attentionGrad(
      b.handle(dout),
      b.handle(q),
      b.handle(k),
      b.handle(v),
      b.handle(out),
      b.handle(lse),
      b.handle(segments),
      window,
      scale,
    );
    const [dq, dk, dv] = [resultHandle(0), resultHandle(1), resultHandle(2)];
    return [b.wrap(dq, 'float32', q.shape), b.wrap(dk, 'float32', k.shape), b.wrap(dv, 'float32', v.shape)];
  },
  composed: ({ dout, q, k, v, segments }, attrs) => {
    const { p, qf, kt, fold, unfold, keys, unkeys } = probabilities(q, k, segments, attrs);
    const d = fold(dout);
    const dp = tf.matMul(d, keys(v), false, true);
    const ds = tf.mul(tf.mul(p, tf.sub(dp, tf.sum(tf.mul(p, dp), -1, true))), attrs.scale);
    return [
      unfold(tf.matMul(ds, kt)),
      unkeys(tf.matMul(ds, qf, true, false)),
      unkeys(tf.matMul(p, d, true, false)),
    ];
  },
});

const run = defineKernel<In, Attrs>({
  name: 'Attention',
  native: ({ q, k, v, segments }, { window, scale }, b) => {
    addon().attention(b.handle(q), b.handle(k), b.handle(v), b.handle(segments), window, scale);
    const [out, lse] = [resultHandle(0), resultHandle(1)];
    return [b.wrap(out, 'float32', q.shape), b.wrap(lse, 'float32', q.shape.slice(0, 2))];
  },
  composed: ({ q, k, v, segments }, attrs) => {
    const { p, lse, unfold, keys } = probabilities(q, k, segments, attrs);
    return [unfold(tf.matMul(p, keys(v))), lse];
  },
  gradient: {
    inputsToSave: ['q', 'k', 'v', 'segments'],
    outputsToSave: [true, true],
    run: (dout, [q, k, v, segments, out, lse], attrs) => {
      const [dq, dk, dv] = grad(
        { dout, q: q!, k: k!, v: v!, segments: segments!, out: out!, lse: lse! },
        attrs,
      );
      const none = () => {
        throw new Error('segments have no gradient');
      };
      return { q: () => dq!, k: () => dk!, v: () => dv!, segments: none };
    },
  },
});

/** out_MNH = softmax(scale q k^T + mask) v. @param window tokens a query sees, itself included; 0 for all before it. */
export function attention(
  q_MNH: tf.Tensor3D,
  k_MKH: tf.Tensor3D,
  v_MKH: tf.Tensor3D,
  segments_BT: tf.Tensor2D,
  window: number,
  scale: number,
): tf.Tensor3D {
  return run({ q: q_MNH, k: k_MKH, v: v_MKH, segments: segments_BT }, { window, scale })[0] as tf.Tensor3D;
}
