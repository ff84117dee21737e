/** The tiny preset with random weights as a GGUF file, as llama.cpp's converter would write it: matrices in Q8_0. */
import { readFileSync, writeFileSync } from 'node:fs';
import seedrandom from 'seedrandom';
import { fromFloat32, toFloat32 } from '../../src/model/files/index.ts';
import { parameterShapes, presetConfig } from '../../src/model/index.ts';
import { TINY_TOKENIZER } from '../../src/model/tokenizer/index.ts';
import { PieceKind, type Pieces } from '../../src/model/tokenizer/pieces.ts';
import { ggufBytes, type Tensor, type Value } from './files/gguf-writer.ts';

/** The tiny vocabulary as pieces: a merge's place in the list is its score. */
export function tinyPieces(): Pieces {
  const { model, added_tokens } = JSON.parse(readFileSync(new URL('tokenizer.json', TINY_TOKENIZER), 'utf8'));
  const texts: string[] = [];
  for (const [text, id] of Object.entries(model.vocab as Record<string, number>)) texts[id] = text;
  const scores = new Map((model.merges as [string, string][]).map(([a, b], rank) => [a + b, -rank]));
  const special = new Set(added_tokens.map((token: { content: string }) => token.content));
  const kinds = texts.map((text) => {
    if (text === '<unk>') return PieceKind.unknown;
    if (text.startsWith('<0x')) return PieceKind.byte;
    if (special.has(text)) return text.startsWith('<') ? PieceKind.control : PieceKind.userDefined;
    return PieceKind.normal;
  });
  return { texts, scores: texts.map((text) => scores.get(text) ?? -1000), kinds };
}

/** Metadata of a vocabulary. */
export function vocabularyMetadata(pieces: Pieces, template?: string): [string, Value][] {
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: [...pieces.texts] }],
    ['tokenizer.ggml.scores', { type: 'floats', value: [...(pieces.scores as number[])] }],
    ['tokenizer.ggml.token_type', { type: 'ints', value: [...(pieces.kinds as number[])] }],
    ...(template
      ? [['tokenizer.chat_template', { type: 'string', value: template }] as [string, Value]]
      : []),
  ];
}

const uint = (value: number): Value => ({ type: 'uint32', value });
const NAMES: readonly [RegExp, string][] = [
  [/^embed_tokens/, 'token_embd'],
  [/^norm/, 'output_norm'],
  [/^layers\.(\d+)\./, 'blk.$1.'],
  [/input_layernorm/, 'attn_norm'],
  [/self_attn\.(\w+)_proj/, 'attn_$1'],
  [/attn_o\./, 'attn_output.'],
  [/self_attn\.(\w)_norm/, 'attn_$1_norm'],
  [/post_attention_layernorm/, 'post_attention_norm'],
  [/pre_feedforward_layernorm/, 'ffn_norm'],
  [/mlp\.(\w+)_proj/, 'ffn_$1'],
  [/post_feedforward_layernorm/, 'post_ffw_norm'],
];
const Q8_0 = 8;

/** @param scale of the random weights */
export function writeTinyGguf(
  path: string,
  { seed = 1, scale = 0.1, template }: { seed?: number; scale?: number; template?: string } = {},
): void {
  const config = presetConfig('tiny');
  const random = seedrandom(`tiny gguf ${seed}`);
  const tensors = [...parameterShapes(config)].map(([own, shape]): Tensor => {
    const name = NAMES.reduce((text, [from, to]) => text.replace(from, to), own);
    const count = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: count }, () => (random() * 2 - 1) * scale * Math.sqrt(3));
    // llama.cpp keeps 1 + w of the norms.
    if (name.includes('norm'))
      return { name, shape: [...shape], type: 0, bytes: new Uint8Array(values.map((w) => 1 + w).buffer) };
    return { name, shape: [...shape], type: Q8_0, bytes: quantized(values) };
  });
  const metadata: [string, Value][] = [
    ['general.architecture', { type: 'string', value: 'gemma3' }],
    ['gemma3.embedding_length', uint(config.hiddenSize)],
    ['gemma3.block_count', uint(config.numHiddenLayers)],
    ['gemma3.feed_forward_length', uint(config.intermediateSize)],
    ['gemma3.attention.head_count', uint(config.numAttentionHeads)],
    ['gemma3.attention.head_count_kv', uint(config.numKeyValueHeads)],
    ['gemma3.attention.key_length', uint(config.headDim)],
    ['gemma3.attention.sliding_window', uint(config.slidingWindow)],
    ['gemma3.attention.sliding_window_pattern', uint(config.numHiddenLayers)],
    ['gemma3.attention.layer_norm_rms_epsilon', { type: 'float32', value: 1e-6 }],
    ['gemma3.context_length', uint(config.maxPositionEmbeddings)],
    ['gemma3.rope.freq_base', { type: 'float32', value: 1e6 }],
    ['tokenizer.ggml.bos_token_id', uint(config.bosTokenId)],
    ['tokenizer.ggml.eos_token_id', uint(1)],
    ['tokenizer.ggml.eot_token_id', uint(5)],
    ...vocabularyMetadata(tinyPieces(), template),
  ];
  writeFileSync(path, ggufBytes(metadata, tensors));
}

/** Q8_0: for each 32 values a float16 scale and 32 signed bytes. */
function quantized(values: Float32Array): Uint8Array {
  const blocks = values.length / 32;
  const bytes = new Uint8Array(blocks * 34);
  for (let block = 0; block < blocks; block++) {
    const part = values.subarray(block * 32, block * 32 + 32);
    const scale = fromFloat32(Float32Array.of(Math.max(...part.map(Math.abs)) / 127), 'F16');
    const [d] = toFloat32(new Uint8Array(scale), 'F16') as Float32Array & [number];
    bytes.set(scale, block * 34);
    bytes.set(
      Array.from(part, (x) => Math.max(-127, Math.min(127, Math.round(x / d))) & 255),
      block * 34 + 2,
    );
  }
  return bytes;
}
