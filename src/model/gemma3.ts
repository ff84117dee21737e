/**
 * The Gemma 3 text decoder. Parameters are plain TensorFlow.js variables under Hugging Face's names (without the file's
 * prefix); the forward pass can stop after a block, start from one, hand out hidden states and have them edited.
 *
 * Shapes: B rows, T tokens a row, M = B T, R rows of any kind, D model, V vocabulary.
 */
import { embedding, linear, recompute, rmsNorm } from '../backend/index.ts';
import * as tf from '../backend/tfjs.ts';
import { BLOCK_PARAMETERS, type BlockContext, block, rotaryTables } from './block.ts';
import type { KeyValueCache } from './cache.ts';
import type { Gemma3Config } from './config.ts';

/** A change to the residual stream at a block's output, e.g. steering. */
export interface Edit {
  /** 0-based block. */
  layer: number;
  /** The new output of the block, same shape. */
  apply: (hidden_BTD: tf.Tensor3D) => tf.Tensor3D;
}

export interface ForwardArgs {
  /** int32. */
  tokens_BT: tf.Tensor2D;
  /** int32, for the rotary embedding; 0..T-1 in every row by default. */
  positions_BT?: tf.Tensor2D;
  /** int32; tokens of one row attend only within the same segment; 0 is padding. All 1 by default. */
  segments_BT?: tf.Tensor2D;
  /**
   * For each segment id the id in the same row of the segment that it goes on from and sees, 0 for none: continuations of
   * one text share its computation. Positions have to be given with it. Not together with a cache.
   */
  parents?: Int32Array;
  /** Stop after this 0-based block and return the raw residual stream. */
  stopAfter?: number;
  /** Start from the residual stream after this 0-based block; the blocks up to it are not run. */
  startFrom?: { layer: number; hidden_BTD: tf.Tensor3D };
  /** 0-based blocks whose outputs to return; -1 is the scaled embedding. */
  taps?: readonly number[];
  /** Applied in order at their blocks' outputs, before a tap there reads them. */
  edits?: readonly Edit[];
  /** Read and extended: the tokens follow those it holds, row by row. Without gradients. */
  cache?: KeyValueCache;
}

export interface ForwardResult {
  /** After the final norm; after block `stopAfter`, unnormed, when that is given. */
  hidden_BTD: tf.Tensor3D;
  taps: Map<number, tf.Tensor3D>;
}

/** `bf16` rounds sqrt(hidden_size) as the released models saw it; `exact` is what transformers does with fp32 weights. */
export type EmbedScale = 'bf16' | 'exact';

export interface Gemma3Options {
  embedScale?: EmbedScale;
  /** Keep one tensor a block for the backward pass and compute the rest again. */
  activationCheckpointing?: boolean;
}

export class Gemma3 {
  readonly embedScale: number;
  activationCheckpointing: boolean;
  private readonly blocks: tf.Variable[][];

  /** @param parameters by name, one for each of `parameterShapes(config)`; owned by the model from now on. */
  constructor(
    readonly config: Gemma3Config,
    readonly parameters: ReadonlyMap<string, tf.Variable>,
    { embedScale = 'bf16', activationCheckpointing = false }: Gemma3Options = {},
  ) {
    const exact = Math.fround(Math.sqrt(config.hiddenSize));
    this.embedScale = embedScale === 'exact' ? exact : roundToBfloat16(exact);
    this.activationCheckpointing = activationCheckpointing;
    this.blocks = config.layerTypes.map((_, i) =>
      BLOCK_PARAMETERS.map((name) => this.parameter(`layers.${i}.${name}`)),
    );
  }

  /** One parameter by its Hugging Face name. */
  parameter(name: string): tf.Variable {
    const parameter = this.parameters.get(name);
    if (!parameter) throw new Error(`the model has no parameter ${name}`);
    return parameter;
  }

  /** Runs the decoder; see ForwardArgs. The caller owns what it returns. */
  forward(args: ForwardArgs): ForwardResult {
    const { numHiddenLayers } = this.config;
    const first = args.startFrom ? args.startFrom.layer + 1 : 0;
    const last = args.stopAfter ?? numHiddenLayers - 1;
    if (first < 0 || last >= numHiddenLayers || last < first - 1) {
      throw new Error(`blocks ${first} to ${last} of a model of ${numHiddenLayers}`);
    }
    const taps = new Map<number, tf.Tensor3D>();
    const tensors = tf.tidy(() => {
      const { tokens_BT } = args;
      const [B, T] = tokens_BT.shape;
      const D = this.config.hiddenSize;
      const contexts = this.contexts(args);
      const rows = (x_MD: tf.Tensor2D) => tf.reshape(x_MD, [B, T, D]) as tf.Tensor3D;
      let x_MD = args.startFrom
        ? (tf.reshape(args.startFrom.hidden_BTD, [B * T, D]) as tf.Tensor2D)
        : embedding(
            this.parameter('embed_tokens.weight'),
            tf.reshape(tokens_BT, [B * T]) as tf.Tensor1D,
            this.embedScale,
          );
      if (args.taps?.includes(-1) && !args.startFrom) taps.set(-1, rows(x_MD));
      for (let layer = first; layer <= last; layer++) {
        x_MD = this.runBlock(layer, x_MD, contexts[layer]!);
        for (const edit of args.edits ?? []) {
          if (edit.layer === layer) x_MD = tf.reshape(edit.apply(rows(x_MD)), [B * T, D]) as tf.Tensor2D;
        }
        if (args.taps?.includes(layer)) taps.set(layer, rows(x_MD));
      }
      const cached = contexts[last]?.cached;
      cached?.cache.advance(cached.places);
      if (args.stopAfter === undefined)
        x_MD = rmsNorm(x_MD, this.parameter('norm.weight'), this.config.rmsNormEps) as tf.Tensor2D;
      return [rows(x_MD), ...taps.values()];
    });
    return { hidden_BTD: tensors[0]!, taps };
  }

  /** logits_RV of hidden states after the final norm: the whole vocabulary, so for few rows. */
  logits(hidden_RD: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => linear(hidden_RD, this.parameter('embed_tokens.weight')));
  }

  dispose(): void {
    for (const parameter of this.parameters.values()) parameter.dispose();
  }

  private runBlock(layer: number, x_MD: tf.Tensor2D, context: BlockContext): tf.Tensor2D {
    const weights = this.blocks[layer]!;
    if (!this.activationCheckpointing) return block(this.config, x_MD, weights, context);
    const { segments_BT, cos_Mh, sin_Mh } = context;
    return recompute(
      ([x, ...w], [segments, cos, sin]) =>
        block(this.config, x as tf.Tensor2D, w, {
          ...context,
          segments_BT: segments as tf.Tensor2D,
          cos_Mh: cos as tf.Tensor2D,
          sin_Mh: sin as tf.Tensor2D,
        }),
      [x_MD, ...weights],
      [segments_BT, cos_Mh, sin_Mh],
    ) as tf.Tensor2D;
  }

  /** One context a block; sliding and full layers share theirs. */
  private contexts({
    tokens_BT,
    positions_BT,
    segments_BT: given,
    parents,
    cache,
  }: ForwardArgs): BlockContext[] {
    if (parents && (!positions_BT || cache)) throw new Error('parents need positions, and take no cache');
    const [B, T] = tokens_BT.shape;
    const start = (m: number) => (cache ? cache.lengths[Math.floor(m / T)]! : 0);
    const positions = positions_BT
      ? (positions_BT.dataSync() as Int32Array)
      : Int32Array.from({ length: B * T }, (_, m) => start(m) + (m % T));
    const segments_BT = given ?? (tf.ones([B, T], 'int32') as tf.Tensor2D);
    const places = cache?.places(segments_BT);
    const { headDim, rope, slidingWindow, layerTypes } = this.config;
    const kinds = {
      sliding_attention: {
        window: slidingWindow,
        ...rotaryTables(positions, headDim, rope.sliding_attention),
      },
      full_attention: { window: 0, ...rotaryTables(positions, headDim, rope.full_attention) },
    };
    return layerTypes.map((type, layer) => ({
      segments_BT,
      ...(parents ? { parents } : {}),
      ...kinds[type],
      ...(cache && places ? { cached: { cache, layer, places } } : {}),
    }));
  }
}

/** To the nearest bfloat16, ties to even. */
function roundToBfloat16(x: number): number {
  const value = new Float32Array([x]);
  const bits = new Uint32Array(value.buffer);
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000;
  return value[0]!;
}
