/**
 * One Gemma 3 decoder block and the rotary tables it reads. Pure functions of tensors
 * (transformers, modeling_gemma3.py: Gemma3DecoderLayer, Gemma3Attention, Gemma3MLP).
 *
 * Shapes: B rows, T tokens a row, M = B T tokens, D model, N query heads, K key/value heads, H head dim, F feed-forward,
 * h = H / 2 rotary angles.
 */

import type { Places } from '../backend/index.ts';
import { attention, geglu, headNormRope, linear, rmsNorm } from '../backend/index.ts';
import * as tf from '../backend/tfjs.ts';
import type { KeyValueCache } from './cache.ts';
import type { Gemma3Config } from './config.ts';

/** Parameters of a block in a fixed order, under the names Hugging Face gives them. */
export const BLOCK_PARAMETERS = [
  'input_layernorm.weight',
  'self_attn.q_proj.weight',
  'self_attn.k_proj.weight',
  'self_attn.v_proj.weight',
  'self_attn.q_norm.weight',
  'self_attn.k_norm.weight',
  'self_attn.o_proj.weight',
  'post_attention_layernorm.weight',
  'pre_feedforward_layernorm.weight',
  'mlp.gate_proj.weight',
  'mlp.up_proj.weight',
  'mlp.down_proj.weight',
  'post_feedforward_layernorm.weight',
] as const;

/** What a block needs to know beside its input and weights. */
export interface BlockContext {
  segments_BT: tf.Tensor2D;
  cos_Mh: tf.Tensor2D;
  sin_Mh: tf.Tensor2D;
  /** For each segment the one that it goes on from; see `attention`. */
  parents?: Int32Array;
  /** Tokens a query sees, itself included; 0 for all before it. */
  window: number;
  /** Set while generating: where this block's keys and values are kept. */
  cached?: { cache: KeyValueCache; layer: number; places: Places };
}

/** The residual stream after one block. @param weights in the order of BLOCK_PARAMETERS */
export function block(
  config: Gemma3Config,
  x_MD: tf.Tensor2D,
  weights: readonly tf.Tensor[],
  context: BlockContext,
): tf.Tensor2D {
  const [norm1, q_proj, k_proj, v_proj, q_norm, k_norm, o_proj, postNorm1, norm2, gate, up, down, postNorm2] =
    weights as tf.Tensor[];
  const { numAttentionHeads: N, numKeyValueHeads: K, headDim: H, rmsNormEps: eps } = config;
  const { segments_BT, parents, cos_Mh, sin_Mh, window, cached } = context;
  const M = x_MD.shape[0];
  return tf.tidy(() => {
    const h_MD = rmsNorm(x_MD, norm1!, eps) as tf.Tensor2D;
    const heads = (weight: tf.Tensor, count: number) =>
      tf.reshape(linear(h_MD, weight), [M, count, H]) as tf.Tensor3D;
    const q_MNH = headNormRope(heads(q_proj!, N), q_norm!, cos_Mh, sin_Mh, eps);
    const k_MKH = headNormRope(heads(k_proj!, K), k_norm!, cos_Mh, sin_Mh, eps);
    const v_MKH = heads(v_proj!, K);
    const scale = config.queryPreAttnScalar ** -0.5;
    const attended_MNH = cached
      ? cached.cache.attend(cached.layer, q_MNH, k_MKH, v_MKH, segments_BT, cached.places, window, scale)
      : attention(q_MNH, k_MKH, v_MKH, segments_BT, window, scale, parents);
    const attended_MD = linear(tf.reshape(attended_MNH, [M, N * H]) as tf.Tensor2D, o_proj!);
    // Gemma 3 normalises a sublayer's output once more before it joins the residual stream.
    const x1_MD = rmsNorm(attended_MD, postNorm1!, eps, x_MD) as tf.Tensor2D;
    const m_MD = rmsNorm(x1_MD, norm2!, eps) as tf.Tensor2D;
    const y_MD = linear(geglu(linear(m_MD, gate!), linear(m_MD, up!)), down!);
    return rmsNorm(y_MD, postNorm2!, eps, x1_MD) as tf.Tensor2D;
  });
}

/**
 * Cosines and sines of the rotary angles at each token's position, fp32 throughout as transformers computes them:
 * angle = position * theta^(-2j / H) / factor.
 */
export function rotaryTables(
  positions: Int32Array,
  headDim: number,
  { theta, factor }: { theta: number; factor: number },
): { cos_Mh: tf.Tensor2D; sin_Mh: tf.Tensor2D } {
  const half = headDim / 2;
  const frequency = Float32Array.from(
    { length: half },
    (_, j) => Math.fround(1 / theta ** Math.fround((2 * j) / headDim)) / factor,
  );
  const cos = new Float32Array(positions.length * half);
  const sin = new Float32Array(positions.length * half);
  // Tokens of many texts stand at the same few positions.
  const known = new Map<number, number>();
  for (let m = 0; m < positions.length; m++) {
    const same = known.get(positions[m]!);
    if (same !== undefined) {
      for (const table of [cos, sin]) table.copyWithin(m * half, same * half, (same + 1) * half);
      continue;
    }
    known.set(positions[m]!, m);
    for (let j = 0; j < half; j++) {
      const angle = Math.fround(positions[m]! * frequency[j]!);
      cos[m * half + j] = Math.cos(angle);
      sin[m * half + j] = Math.sin(angle);
    }
  }
  const shape: [number, number] = [positions.length, half];
  return { cos_Mh: tf.tensor2d(cos, shape), sin_Mh: tf.tensor2d(sin, shape) };
}
