/**
 * A config.json out of GGUF's metadata, so that a GGUF file takes the very path of a Hugging Face directory: what it may
 * say of soft-capping, rotary embeddings and layers is checked by `parseConfig`.
 */

import { UserError } from '../errors.ts';
import { type Gemma3Config, parseConfig } from './config.ts';
import type { GgufFile } from './files/gguf.ts';
import { GgufReader } from './gguf-keys.ts';

/** llama.cpp tells 27B by its 62 layers: the one size whose query scale is not its head dimension. */
const LAYERS_OF_27B = 62;

/**
 * Reads the config of a GGUF file of llama.cpp's architecture `gemma3`.
 * @throws UserError when it is another architecture, lacks a size, or has a setting that is not Gemma 3's
 */
export function ggufConfig(file: GgufFile): Gemma3Config {
  const architecture = file.values.get('general.architecture');
  if (architecture !== 'gemma3') {
    const message = `not a Gemma 3 model: "general.architecture" is ${JSON.stringify(architecture ?? 'missing')}, not "gemma3".`;
    throw new UserError({ file: file.path, message });
  }
  const read = new GgufReader(file);
  const hidden_size = read.needed('embedding_length');
  const num_hidden_layers = read.needed('block_count');
  const num_attention_heads = read.needed('attention.head_count');
  const intermediate_size = read.needed('feed_forward_length');
  // Without sizes there is no telling what else is wrong.
  if (read.problems.length > 0) throw new UserError(read.problems);

  const vocab_size = file.tensors.get('model.embed_tokens.weight')?.shape[0];
  const head_dim = read.own('attention.key_length') ?? hidden_size / num_attention_heads;
  const query_pre_attn_scalar =
    num_hidden_layers === LAYERS_OF_27B ? hidden_size / num_attention_heads : head_dim;
  const eps = read.own('attention.layer_norm_rms_epsilon');
  const json = {
    architectures: ['Gemma3ForCausalLM'],
    model_type: 'gemma3_text',
    vocab_size,
    hidden_size,
    intermediate_size,
    num_hidden_layers,
    num_attention_heads,
    num_key_value_heads: read.own('attention.head_count_kv') ?? num_attention_heads,
    head_dim,
    query_pre_attn_scalar,
    // The file has float32; the nearest short decimal is what was meant.
    rms_norm_eps: eps === undefined ? undefined : Number(eps.toPrecision(6)),
    ...layers(read),
    max_position_embeddings: read.own('context_length'),
    ...rotary(read),
    attn_logit_softcapping: cap(read, 'attn_logit_softcapping'),
    final_logit_softcapping: cap(read, 'final_logit_softcapping'),
    pad_token_id: read.number('tokenizer.ggml.padding_token_id'),
    bos_token_id: read.number('tokenizer.ggml.bos_token_id'),
    eos_token_id: eosIds(
      read.number('tokenizer.ggml.eos_token_id'),
      read.number('tokenizer.ggml.eot_token_id'),
    ),
    tie_word_embeddings: true,
    hidden_activation: 'gelu_pytorch_tanh',
  };
  read.checkOthers({
    vocab_size,
    'attention.value_length': head_dim,
    'attention.key_length_swa': head_dim,
    'attention.value_length_swa': head_dim,
    'attention.scale': query_pre_attn_scalar ** -0.5,
    'rope.dimension_count': head_dim,
    'rope.dimension_count_swa': head_dim,
  });
  try {
    const config = parseConfig(JSON.parse(JSON.stringify(json)), file.path);
    if (read.problems.length === 0) return config;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    read.problems.push(...error.problems);
  }
  throw new UserError(read.problems);
}

/** llama.cpp takes a file without a window for one whose layers are all global and share one rotary base. */
function layers(read: GgufReader) {
  const sliding_window = read.needed(
    'attention.sliding_window',
    ': without it every layer would be global, which is no Gemma 3',
  );
  const pattern = read.value('attention.sliding_window_pattern');
  // A list has one truth value a layer: does it slide?
  if (typeof pattern !== 'object')
    return { sliding_window, sliding_window_pattern: read.own('attention.sliding_window_pattern') };
  const layer_types = Array.from(pattern as ArrayLike<unknown>, (slides) =>
    slides ? 'sliding_attention' : 'full_attention',
  );
  return { sliding_window, layer_types };
}

/** A factor without a type is linear, and `none` makes a factor of no account, as in llama.cpp. */
function rotary(read: GgufReader) {
  const global =
    read.value('rope.global.freq_base') === undefined ? 'rope.freq_base' : 'rope.global.freq_base';
  const local =
    read.value('rope.local.freq_base') === undefined ? 'rope.freq_base_swa' : 'rope.local.freq_base';
  // One writer has names of its own for the two bases; a file with both would be read in two ways.
  for (const [ours, theirs] of [
    ['rope.freq_base', 'rope.global.freq_base'],
    ['rope.freq_base_swa', 'rope.local.freq_base'],
  ] as const) {
    const [a, b] = [read.own(ours), read.own(theirs)];
    if (a !== undefined && b !== undefined && a !== b)
      read.problem(`"gemma3.${ours}" is ${a} and "gemma3.${theirs}" is ${b}; they must be one.`);
  }
  const type = read.value('rope.scaling.type') ?? 'linear';
  // llama.cpp takes 0 for no factor, and has a second, older name for it.
  const factor = read.own('rope.scaling.factor') ?? read.own('rope.scale_linear') ?? 0;
  const stretched = factor === 0 ? undefined : { rope_type: 'linear', factor };
  const scaling = { linear: stretched, none: undefined };
  return {
    rope_theta: read.needed(global, ': without it llama.cpp takes 10000, which is no Gemma 3'),
    rope_local_base_freq: read.own(local),
    rope_scaling:
      type === 'linear' || type === 'none'
        ? scaling[type]
        : { rope_type: type, ...(factor ? { factor } : {}) },
  };
}

/** A soft cap of 0 is none. */
function cap(read: GgufReader, key: 'attn_logit_softcapping' | 'final_logit_softcapping') {
  return read.own(key) || undefined;
}

function eosIds(eos: number | undefined, endOfTurn: number | undefined): number | number[] | undefined {
  if (endOfTurn === undefined || endOfTurn === eos) return eos;
  return [eos ?? 1, endOfTurn];
}
