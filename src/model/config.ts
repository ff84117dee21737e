/**
 * Gemma 3's config.json as one flat record.
 *
 * The files on the hub are sparse: a key that is missing means the default of transformers' `Gemma3TextConfig`, never an
 * error (google/gemma-3-4b-it leaves out even the head counts). Two generations of the rotary fields are read: the old
 * `rope_theta` + `rope_scaling` + `rope_local_base_freq`, and transformers 5's `rope_parameters`.
 */

import type { Problem } from '../errors.ts';
import { UserError } from '../errors.ts';
import { fixedProblems } from './config-fixed.ts';
import { ConfigReader, isRecord } from './config-reader.ts';
import { type LayerType, type RopeParameters, ropeOf } from './config-rope.ts';

export type { LayerType, RopeParameters };

/** The text decoder's shape and constants; camelCase mirror of config.json. */
export interface Gemma3Config {
  /**
   * Rows of the embedding as stored: 262144, or 262208 in the 4B, 12B and 27B files. All of them are in the softmax, as
   * in transformers; which are words only the tokenizer knows.
   */
  vocabSize: number;
  hiddenSize: number;
  intermediateSize: number;
  numHiddenLayers: number;
  numAttentionHeads: number;
  numKeyValueHeads: number;
  headDim: number;
  rmsNormEps: number;
  /** Attention scores are scaled by this to the power -1/2; 168 in 27B, the head dimension elsewhere. */
  queryPreAttnScalar: number;
  /** A sliding layer sees this many positions, its own included. */
  slidingWindow: number;
  maxPositionEmbeddings: number;
  /** One entry a layer. */
  layerTypes: LayerType[];
  rope: Record<LayerType, RopeParameters>;
  padTokenId: number;
  bosTokenId: number;
  /** Ids that end a text: those of generation_config.json where a checkpoint has one. */
  eosTokenIds: number[];
  tieWordEmbeddings: true;
  initializerRange: number;
  /** The config.json as read (the whole file, also when the text part sits under `text_config`), written back on save. */
  raw: Record<string, unknown>;
}

const TEXT_TYPES = ['gemma3_text', 'gemma3'];

/**
 * Reads a parsed config.json.
 * @param file shown in messages
 * @throws UserError listing everything that makes this not a Gemma 3 text decoder
 */
export function parseConfig(json: unknown, file: string): Gemma3Config {
  if (!isRecord(json)) throw new UserError({ file, message: 'config.json must hold a JSON object.' });
  const problems: Problem[] = [];
  const inner = json.text_config ?? undefined;
  if (inner !== undefined && !isRecord(inner))
    problems.push({ file, message: `"text_config" must be an object, found ${JSON.stringify(inner)}.` });
  const text = isRecord(inner) ? inner : json;
  checkModelType(json, text, file, problems);
  problems.push(...fixedProblems(text, json, file));

  const read = new ConfigReader(text, json, file, problems);
  const numHiddenLayers = read.positiveInteger('num_hidden_layers', 26, 10_000);
  const numAttentionHeads = read.positiveInteger('num_attention_heads', 8);
  const numKeyValueHeads = read.positiveInteger('num_key_value_heads', 4);
  const headDim = read.positiveInteger('head_dim', 256);
  if (numAttentionHeads % numKeyValueHeads !== 0) {
    problems.push({
      file,
      message: `"num_attention_heads" (${numAttentionHeads}) must be a multiple of "num_key_value_heads" (${numKeyValueHeads}).`,
    });
  }
  if (headDim % 2 !== 0) problems.push({ file, message: `"head_dim" must be even, found ${headDim}.` });
  const layerTypes = layerTypesOf(text, numHiddenLayers, read);
  const config: Gemma3Config = {
    vocabSize: read.positiveInteger('vocab_size', 262208),
    hiddenSize: read.positiveInteger('hidden_size', 2304),
    intermediateSize: read.positiveInteger('intermediate_size', 9216),
    numHiddenLayers,
    numAttentionHeads,
    numKeyValueHeads,
    headDim,
    rmsNormEps: read.positive('rms_norm_eps', 1e-6),
    queryPreAttnScalar: read.positive('query_pre_attn_scalar', 256),
    // Without sliding layers there need be no window.
    slidingWindow:
      text.sliding_window === null && !layerTypes.includes('sliding_attention')
        ? 4096
        : read.positiveInteger('sliding_window', 4096),
    maxPositionEmbeddings: read.positiveInteger('max_position_embeddings', 131072),
    layerTypes,
    rope: ropeOf(text, read),
    padTokenId: read.tokenId('pad_token_id', 0),
    bosTokenId: read.tokenId('bos_token_id', 2),
    eosTokenIds: read.tokenIds('eos_token_id', 1),
    tieWordEmbeddings: true,
    initializerRange: read.positive('initializer_range', 0.02),
    raw: json,
  };
  if (problems.length > 0) throw new UserError(problems);
  return config;
}

function checkModelType(
  json: Record<string, unknown>,
  text: Record<string, unknown>,
  file: string,
  problems: Problem[],
): void {
  const found = text.model_type ?? json.model_type;
  const architecture = Array.isArray(json.architectures) ? String(json.architectures[0]) : undefined;
  const ok =
    found === undefined ? architecture?.startsWith('Gemma3For') === true : TEXT_TYPES.includes(String(found));
  if (!ok) {
    const what = found ?? architecture;
    const shown = what === undefined ? 'nothing' : `"${String(what)}"`;
    problems.push({
      file,
      message: `not a Gemma 3 text model: "model_type" is ${shown}, allowed: "gemma3_text" or "gemma3".`,
    });
  }
}

/** `layer_types` first, else a pattern of N (every N-th layer is global), else the released models' 6. */
function layerTypesOf(
  text: Record<string, unknown>,
  numHiddenLayers: number,
  read: ConfigReader,
): LayerType[] {
  const listed = text.layer_types;
  if (listed !== undefined && listed !== null) {
    const known = (item: unknown): item is LayerType =>
      item === 'sliding_attention' || item === 'full_attention';
    if (Array.isArray(listed) && listed.length === numHiddenLayers && listed.every(known)) return listed;
    read.problem(
      `"layer_types" must list "sliding_attention" or "full_attention" once for each of the ${numHiddenLayers} layers.`,
    );
    return [];
  }
  const key = text._sliding_window_pattern == null ? 'sliding_window_pattern' : '_sliding_window_pattern';
  const pattern = read.positiveInteger(key, 6);
  return Array.from({ length: numHiddenLayers }, (_, layer) =>
    (layer + 1) % pattern === 0 ? 'full_attention' : 'sliding_attention',
  );
}

/**
 * Every parameter of the decoder, in the order of the forward pass.
 * @returns name without a file's prefix (`layers.0.self_attn.q_proj.weight`) -> shape; linear weights are [out, in]
 */
export function parameterShapes(config: Gemma3Config): Map<string, number[]> {
  const {
    hiddenSize: D,
    intermediateSize: F,
    headDim: H,
    numAttentionHeads: N,
    numKeyValueHeads: K,
  } = config;
  const shapes = new Map<string, number[]>([['embed_tokens.weight', [config.vocabSize, D]]]);
  for (let layer = 0; layer < config.numHiddenLayers; layer++) {
    const add = (name: string, ...shape: number[]) => shapes.set(`layers.${layer}.${name}.weight`, shape);
    add('input_layernorm', D);
    add('self_attn.q_proj', N * H, D);
    add('self_attn.k_proj', K * H, D);
    add('self_attn.v_proj', K * H, D);
    add('self_attn.q_norm', H);
    add('self_attn.k_norm', H);
    add('self_attn.o_proj', D, N * H);
    add('post_attention_layernorm', D);
    add('pre_feedforward_layernorm', D);
    add('mlp.gate_proj', F, D);
    add('mlp.up_proj', F, D);
    add('mlp.down_proj', D, F);
    add('post_feedforward_layernorm', D);
  }
  return shapes.set('norm.weight', [D]);
}

/** Number of trainable values; the tied unembedding counts once. */
export function countParameters(config: Gemma3Config): number {
  let total = 0;
  for (const shape of parameterShapes(config).values()) total += shape.reduce((a, b) => a * b, 1);
  return total;
}
