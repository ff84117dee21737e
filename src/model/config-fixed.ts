/** Settings of config.json that Gemma 3 has one value of: any other is another model, and refused. */

import { closest, distance } from 'fastest-levenshtein';
import type { Problem } from '../errors.ts';

type Fields = Record<string, unknown>;

/** Nothing, null, or one of these. */
const FIXED: readonly { key: string; allowed: readonly unknown[] }[] = [
  { key: 'hidden_activation', allowed: ['gelu_pytorch_tanh'] },
  { key: 'hidden_act', allowed: ['gelu_pytorch_tanh'] },
  { key: 'attention_bias', allowed: [false] },
  { key: 'mlp_bias', allowed: [false] },
  { key: 'attention_dropout', allowed: [0] },
  { key: 'attn_logit_softcapping', allowed: [] },
  { key: 'final_logit_softcapping', allowed: [] },
  { key: 'use_bidirectional_attention', allowed: [false] },
  { key: 'is_causal', allowed: [true] },
  { key: 'num_kv_shared_layers', allowed: [0] },
  { key: 'partial_rotary_factor', allowed: [1] },
  { key: 'tie_word_embeddings', allowed: [true] },
];

/** Settings that are read; a key that is nearly one of them is taken for a slip of the pen. */
const READ = [
  'vocab_size',
  'hidden_size',
  'intermediate_size',
  'num_hidden_layers',
  'num_attention_heads',
  'num_key_value_heads',
  'head_dim',
  'rms_norm_eps',
  'query_pre_attn_scalar',
  'sliding_window',
  '_sliding_window_pattern',
  'sliding_window_pattern',
  'max_position_embeddings',
  'layer_types',
  'rope_theta',
  'rope_local_base_freq',
  'rope_scaling',
  'rope_parameters',
  'pad_token_id',
  'bos_token_id',
  'eos_token_id',
  'initializer_range',
  'quantization_config',
  ...FIXED.map(({ key }) => key),
];

/** Problems with settings that must have one value, with quantised weights, and with keys that nearly are a setting's. */
export function fixedProblems(text: Fields, whole: Fields, file: string): Problem[] {
  const problems: Problem[] = [];
  for (const { key, allowed } of FIXED) {
    const value = text[key] ?? whole[key];
    if (value === undefined || value === null || allowed.includes(value)) continue;
    const what = allowed.length === 0 ? 'null' : allowed.join(' or ');
    problems.push({
      file,
      message: `"${key}" is ${JSON.stringify(value)}; Gemma 3 text models have ${what}.`,
    });
  }
  const quantised = text.quantization_config ?? whole.quantization_config;
  if (quantised !== undefined && quantised !== null) {
    const method = (quantised as Fields).quant_method ?? (quantised as Fields).quant_type;
    const named = typeof method === 'string' ? ` (${method})` : '';
    problems.push({
      file,
      message:
        `"quantization_config": the weights are quantised${named}, which is not read; take the model they were made ` +
        'from, or save them dequantised in transformers (model.dequantize()).',
    });
  }
  for (const key of Object.keys(text)) {
    if (READ.includes(key)) continue;
    const near = closest(key, READ);
    if (key.length > 6 && distance(near, key) <= 2)
      problems.push({ file, message: `"${key}" is no setting of Gemma 3`, hint: `"${near}"` });
  }
  return problems;
}
