/**
 * Causal grouped-query attention over packed segments, with an optional sliding window that counts the token itself
 * (transformers, masking_utils.py: sliding_window_overlay, kv > q - window). Segment 0 is padding: it attends to
 * nothing, nothing attends to it, and its output is zero. A segment with a parent sees all of that, too, and of what the
 * parent sees, as if it stood right behind it: what several continuations share is computed once.
 *
 * Shapes: B rows, T tokens a row, M = B T tokens, N query heads, K key/value heads, G = N / K, H head dim.
 */
import * as tf from '../tfjs.ts';
import { addon } from '../torch/addon.ts';
import { resultHandle } from '../torch/register.ts';
import { defineKernel } from './define.ts';

type In = { q: tf.TensorInfo; k: tf.TensorInfo; v: tf.TensorInfo; segments: tf.TensorInfo };
/** window 0 means none. `parents`: for each segment id of a row the id of its parent, 0 for none; empty where none has one. */
type Attrs = { window: number; scale: number; parents: Int32Array };

/** Which keys each query sees, [B, T, T], where no segment goes on from another. */
function plainMask(segments_BT: tf.Tensor, window: number, real_BT: tf.Tensor): tf.Tensor {
  const T = segments_BT.shape[1]!;
  const at = tf.range(0, T, 1, 'int32');
  const distance = tf.sub(tf.expandDims(at, 1), tf.expandDims(at, 0));
  let visible = tf.greaterEqual(distance, 0);
  if (window > 0) visible = tf.logicalAnd(visible, tf.less(distance, window));
  const same = tf.equal(tf.expandDims(segments_BT, 2), tf.expandDims(segments_BT, 1));
  return tf.logicalAnd(tf.logicalAnd(visible, same), tf.expandDims(real_BT, 1));
}

/** The same where segments have parents. */
function treeMask(segments_BT: tf.Tensor, window: number, parents: Int32Array): tf.Tensor {
  const [B, T] = segments_BT.shape as [number, number];
  const segments = segments_BT.dataSync() as Int32Array;
  const mask = new Uint8Array(B * T * T);
  for (let b = 0; b < B; b++) {
    const row = segments.subarray(b * T, (b + 1) * T);
    const places = segmentPlaces(row, parents);
    for (const [t, id] of row.entries())
      if (parents[id] && !row.subarray(0, t).includes(parents[id]))
        throw new Error(`segment ${id} comes before the segment ${parents[id]} that it goes on from`);
    const sees = (q: number, k: number): boolean => {
      for (let id = row[q]!; id !== 0; id = parents[id] ?? 0) if (id === row[k]) return true;
      return false;
    };
    for (let q = 0; q < T; q++) {
      for (let k = 0; k <= q; k++) {
        const distance = places[q]! - places[k]!;
        if (distance >= 0 && (window === 0 || distance < window) && sees(q, k)) mask[(b * T + q) * T + k] = 1;
      }
    }
  }
  return tf.tensor3d(mask, [B, T, T], 'bool');
}

/** How many tokens each token of a row has before it in what it sees, without a window: its position. */
export function segmentPlaces(segments_T: Int32Array, parents: Int32Array): Int32Array {
  const ends = new Map<number, number>();
  return segments_T.map((id) => {
    const place = ends.get(id) ?? ends.get(parents[id] ?? 0) ?? 0;
    ends.set(id, place + 1);
    return id === 0 ? 0 : place;
  });
}

/** Probabilities [B, K, G*T, T] and what else both directions need. */
function probabilities(q_MNH: tf.Tensor, k_MKH: tf.Tensor, segments_BT: tf.Tensor, attrs: Attrs) {
  const { window, scale, parents } = attrs;
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

  const real = tf.notEqual(segments_BT, 0);
  const mask_BTT =
    parents.length > 0 ? treeMask(segments_BT, window, parents) : plainMask(segments_BT, window, real);
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
  native: ({ dout, q, k, v, out, lse, segments }, { window, scale, parents }, b) => {
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
      parents,
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
  native: ({ q, k, v, segments }, { window, scale, parents }, b) => {
    addon().attention(b.handle(q), b.handle(k), b.handle(v), b.handle(segments), window, scale, parents);
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

const NO_PARENTS = new Int32Array(0);

/**
 * out_MNH = softmax(scale q k^T + mask) v.
 *
 * @param window tokens a query sees, itself included; 0 for all before it.
 * @param parents for each segment id the id in the same row of the segment that it goes on from, which comes before it;
 *   0 for none. A sibling is not seen. Without: no segment has one.
 */
export function attention(
  q_MNH: tf.Tensor3D,
  k_MKH: tf.Tensor3D,
  v_MKH: tf.Tensor3D,
  segments_BT: tf.Tensor2D,
  window: number,
  scale: number,
  parents: Int32Array = NO_PARENTS,
): tf.Tensor3D {
  const inputs = { q: q_MNH, k: k_MKH, v: v_MKH, segments: segments_BT };
  return run(inputs, { window, scale, parents })[0] as tf.Tensor3D;
}
