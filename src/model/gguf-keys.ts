/**
 * The `gemma3.*` metadata of a GGUF file, every key of it read, known to change nothing, or refused by its name
 * (llama.cpp's llama-arch.cpp has the names, llama-model.cpp the meanings and defaults).
 */

import { closest, distance } from 'fastest-levenshtein';
import type { Problem } from '../errors.ts';
import type { GgufFile } from './files/gguf.ts';
import type { GgufValue } from './files/gguf-header.ts';

const PREFIX = 'gemma3.';

/** Read into the config. */
const READ = [
  'embedding_length',
  'block_count',
  'feed_forward_length',
  'attention.head_count',
  'attention.head_count_kv',
  'attention.key_length',
  'attention.layer_norm_rms_epsilon',
  'attention.sliding_window',
  'attention.sliding_window_pattern',
  'context_length',
  'rope.freq_base',
  'rope.freq_base_swa',
  'rope.global.freq_base',
  'rope.local.freq_base',
  'rope.scaling.type',
  'rope.scaling.factor',
  'rope.scale_linear',
  'attn_logit_softcapping',
  'final_logit_softcapping',
] as const;
export type GgufKey = (typeof READ)[number];

/** Fine with these values, which are what the model does anyway. */
const NEUTRAL: Record<string, readonly GgufValue[]> = {
  'attention.causal': [true],
  'attention.shared_kv_layers': [0],
  expert_count: [0],
  expert_used_count: [0],
  pooling_type: [0],
  'rope.scaling.attn_factor': [1],
  'rope.scaling.yarn_attn_factor': [1],
  'rope.scaling.yarn_ext_factor': [0],
  'rope.scaling.yarn_log_multiplier': [0],
  'rope.scaling.yarn_beta_fast': [32],
  'rope.scaling.yarn_beta_slow': [1],
};
/** Notes of the converter's, and the picture part's own settings. */
const INERT = /^(rope\.scaling\.(original_context_length|finetuned)|tensor_data_layout|(vision|mm)\..+)$/;

/** Typed reading of the metadata; problems are collected. */
export class GgufReader {
  readonly problems: Problem[] = [];
  readonly #file: GgufFile;

  constructor(file: GgufFile) {
    this.#file = file;
  }

  problem(message: string, hint?: string): void {
    this.problems.push({ file: this.#file.path, message, hint });
  }

  value(key: GgufKey): GgufValue | undefined {
    return this.#file.values.get(PREFIX + key);
  }

  /** A number under the key as written. */
  number(key: string): number | undefined {
    const value = this.#file.values.get(key);
    if (value === undefined || typeof value === 'number') return value;
    this.problem(`"${key}" must be a number, found ${shown(value)}.`);
    return undefined;
  }

  /** A number of the model's, also as a list with the same number for every layer. */
  own(key: GgufKey): number | undefined {
    const value = this.value(key);
    if (typeof value !== 'object') return this.number(PREFIX + key);
    const list = Array.from(value as ArrayLike<unknown>);
    const [first] = list;
    if (typeof first === 'number' && list.every((item) => item === first)) return first;
    this.problem(`"${PREFIX}${key}" must be one number for all layers, found ${shown(value)}.`);
    return undefined;
  }

  /** As `own`, of a key that must be there. */
  needed(key: GgufKey, why = ''): number {
    const value = this.own(key);
    if (value === undefined && this.value(key) === undefined)
      this.problem(`"${PREFIX}${key}" is missing${why}.`);
    return value ?? 1;
  }

  /**
   * Refuses what is neither read nor neutral.
   * @param same further keys and the one number that each may have
   */
  checkOthers(same: Readonly<Record<string, number | undefined>>): void {
    for (const [full, value] of this.#file.values) {
      if (!full.startsWith(PREFIX)) continue;
      const key = full.slice(PREFIX.length);
      if ((READ as readonly string[]).includes(key) || INERT.test(key)) continue;
      if (Object.hasOwn(same, key)) {
        const expected = same[key];
        if (typeof value === 'number' && expected !== undefined && near(value, expected)) continue;
        this.problem(`"${full}" is ${shown(value)}; Gemma 3 of these sizes has ${expected}.`);
      } else if (Object.hasOwn(NEUTRAL, key)) {
        if (NEUTRAL[key]!.includes(value)) continue;
        this.problem(`"${full}" is ${shown(value)}; Gemma 3 text models have ${NEUTRAL[key]!.join(' or ')}.`);
      } else {
        const nearest = closest(key, [...READ]);
        const hint = distance(nearest, key) <= 2 ? `"${PREFIX}${nearest}"` : undefined;
        this.problem(`"${full}" is no setting of a Gemma 3 text model that is known here`, hint);
      }
    }
  }
}

/** Equal but for the rounding of a float32. */
function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * Math.abs(b);
}

function shown(value: GgufValue): string {
  const plain = typeof value === 'object' ? Array.from(value as ArrayLike<unknown>) : value;
  const text = JSON.stringify(plain, (_, item) => (typeof item === 'bigint' ? String(item) : item));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
