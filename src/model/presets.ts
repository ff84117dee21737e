/**
 * Shapes by name: the five released sizes, as sparse as the hub's config.json files write them, and `tiny`, the model that
 * the built-in recipe trains from scratch. Kept as config.json objects, so that a preset takes the very path that a
 * checkpoint takes.
 */

import { closest } from 'fastest-levenshtein';
import { UserError } from '../errors.ts';
import { type Gemma3Config, parseConfig } from './config.ts';

const text = {
  architectures: ['Gemma3ForCausalLM'],
  model_type: 'gemma3_text',
  vocab_size: 262144,
  max_position_embeddings: 32768,
  num_attention_heads: 4,
  num_key_value_heads: 1,
  sliding_window: 512,
};

/** The hub's 4B and larger are multimodal: the text part sits under `text_config`. */
function multimodal(text_config: Record<string, unknown>): Record<string, unknown> {
  return {
    architectures: ['Gemma3ForConditionalGeneration'],
    model_type: 'gemma3',
    eos_token_id: [1, 106],
    text_config: {
      model_type: 'gemma3_text',
      rope_scaling: { factor: 8, rope_type: 'linear' },
      sliding_window: 1024,
      ...text_config,
    },
  };
}

const PRESETS: Record<string, Record<string, unknown>> = {
  // 1.05 million parameters. The window is shorter than most rows, so that both kinds of layer matter.
  tiny: {
    architectures: ['Gemma3ForCausalLM'],
    model_type: 'gemma3_text',
    vocab_size: 512,
    hidden_size: 128,
    intermediate_size: 512,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 32,
    query_pre_attn_scalar: 32,
    sliding_window: 32,
    max_position_embeddings: 2048,
    layer_types: ['sliding_attention', 'sliding_attention', 'sliding_attention', 'full_attention'],
    rope_parameters: {
      full_attention: { rope_type: 'default', rope_theta: 1e6 },
      sliding_attention: { rope_type: 'default', rope_theta: 1e4 },
    },
    rms_norm_eps: 1e-6,
    hidden_activation: 'gelu_pytorch_tanh',
    attention_bias: false,
    tie_word_embeddings: true,
    initializer_range: 0.02,
    pad_token_id: 0,
    bos_token_id: 2,
    eos_token_id: [1, 5],
  },
  '270m': { ...text, hidden_size: 640, intermediate_size: 2048, num_hidden_layers: 18 },
  '1b': { ...text, hidden_size: 1152, intermediate_size: 6912, num_hidden_layers: 26 },
  '4b': multimodal({ hidden_size: 2560, intermediate_size: 10240, num_hidden_layers: 34 }),
  '12b': multimodal({
    hidden_size: 3840,
    intermediate_size: 15360,
    num_hidden_layers: 48,
    num_attention_heads: 16,
    num_key_value_heads: 8,
  }),
  '27b': multimodal({
    hidden_size: 5376,
    intermediate_size: 21504,
    num_hidden_layers: 62,
    num_attention_heads: 32,
    num_key_value_heads: 16,
    head_dim: 128,
    query_pre_attn_scalar: 168,
  }),
};

export const presetNames: readonly string[] = Object.keys(PRESETS);

/**
 * The config of a preset: `tiny`, `270m`, `1b`, `4b`, `12b` or `27b`.
 * @throws UserError on another name
 */
export function presetConfig(name: string): Gemma3Config {
  const json = PRESETS[name.toLowerCase()];
  if (json === undefined) {
    throw new UserError({
      message: `no preset "${name}"; there are ${presetNames.join(', ')}.`,
      hint: closest(name, [...presetNames]),
    });
  }
  return parseConfig(structuredClone(json), `preset ${name}`);
}
