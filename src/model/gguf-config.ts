/** A config.json out of GGUF's metadata, so that a GGUF file takes the very path of a Hugging Face directory. */

import type { Problem } from '../errors.ts';
import { UserError } from '../errors.ts';
import { type Gemma3Config, parseConfig } from './config.ts';
import type { GgufFile } from './files/gguf.ts';

/** llama.cpp tells 27B by its 62 layers: the one size whose query scale is not its head dimension. */
const LAYERS_OF_27B = 62;

/**
 * Reads the config of a GGUF file of llama.cpp's architecture `gemma3`.
 * @throws UserError when it is another architecture or lacks a size
 */
export function ggufConfig(file: GgufFile): Gemma3Config {
  const architecture = file.values.get('general.architecture');
  if (architecture !== 'gemma3') {
    const message = `not a Gemma 3 model: "general.architecture" is ${JSON.stringify(architecture ?? 'missing')}, not "gemma3".`;
    throw new UserError({ file: file.path, message });
  }
  const problems: Problem[] = [];
  const number = (key: string): number | undefined => {
    const value = file.values.get(key);
    if (value === undefined || typeof value === 'number') return value;
    problems.push({ file: file.path, message: `"${key}" must be a number.` });
    return undefined;
  };
  const own = (key: string) => number(`gemma3.${key}`);
  const needed = (key: string): number => {
    const value = own(key);
    if (value === undefined) problems.push({ file: file.path, message: `"gemma3.${key}" is missing.` });
    return value ?? 1;
  };
  const hidden_size = needed('embedding_length');
  const num_hidden_layers = needed('block_count');
  const num_attention_heads = needed('attention.head_count');
  const head_dim = own('attention.key_length') ?? 256;
  const eps = own('attention.layer_norm_rms_epsilon');
  const json = {
    architectures: ['Gemma3ForCausalLM'],
    model_type: 'gemma3_text',
    vocab_size: file.tensors.get('model.embed_tokens.weight')?.shape[0],
    hidden_size,
    intermediate_size: needed('feed_forward_length'),
    num_hidden_layers,
    num_attention_heads,
    num_key_value_heads: own('attention.head_count_kv') ?? num_attention_heads,
    head_dim,
    query_pre_attn_scalar: num_hidden_layers === LAYERS_OF_27B ? hidden_size / num_attention_heads : head_dim,
    // The file has float32; the nearest short decimal is what was meant.
    rms_norm_eps: eps === undefined ? undefined : Number(eps.toPrecision(6)),
    sliding_window: own('attention.sliding_window'),
    sliding_window_pattern: own('attention.sliding_window_pattern'),
    max_position_embeddings: own('context_length'),
    rope_theta: own('rope.freq_base'),
    rope_local_base_freq: own('rope.freq_base_swa'),
    rope_scaling:
      own('rope.scaling.factor') === undefined
        ? undefined
        : { rope_type: 'linear', factor: own('rope.scaling.factor') },
    pad_token_id: number('tokenizer.ggml.padding_token_id'),
    bos_token_id: number('tokenizer.ggml.bos_token_id'),
    eos_token_id: eosIds(number('tokenizer.ggml.eos_token_id'), number('tokenizer.ggml.eot_token_id')),
    tie_word_embeddings: true,
    hidden_activation: 'gelu_pytorch_tanh',
  };
  if (problems.length > 0) throw new UserError(problems);
  return parseConfig(JSON.parse(JSON.stringify(json)), file.path);
}

function eosIds(eos: number | undefined, endOfTurn: number | undefined): number | number[] | undefined {
  if (endOfTurn === undefined || endOfTurn === eos) return eos;
  return [eos ?? 1, endOfTurn];
}
