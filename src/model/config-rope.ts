/** Rotary embeddings of config.json, in both of its generations, with everything they say that is not Gemma 3's refused. */

import { type ConfigReader, isRecord } from './config-reader.ts';

export type LayerType = 'sliding_attention' | 'full_attention';

/** Rotary embedding of one kind of layer: `inv_freq[j] = theta^(-2j / headDim) / factor`. */
export interface RopeParameters {
  theta: number;
  factor: number;
}

type Fields = Record<string, unknown>;

/** Values that change nothing; of any other, the place is named. The length a model was made for is only noted there. */
const NEUTRAL: Record<string, readonly unknown[]> = { attention_factor: [1], partial_rotary_factor: [1] };
const READ = ['rope_type', 'type', 'rope_theta', 'factor', 'original_max_position_embeddings'];
const KINDS: readonly string[] = ['sliding_attention', 'full_attention'] satisfies LayerType[];

/**
 * The old `rope_theta` + `rope_scaling` + `rope_local_base_freq`, or transformers 5's `rope_parameters`.
 * @param text the text part of config.json
 */
export function ropeOf(text: Fields, read: ConfigReader): Record<LayerType, RopeParameters> {
  const both = table(text.rope_parameters, '"rope_parameters"', read);
  for (const key of Object.keys(both)) {
    if (KINDS.includes(key)) continue;
    read.problem(
      `"rope_parameters" has "${key}"; Gemma 3 has one table for "full_attention" and one for "sliding_attention".`,
    );
  }
  const part = (type: LayerType) => table(both[type], `"${type}" of "rope_parameters"`, read);
  // rope_scaling of the old form is about the global layers alone; the local ones are never stretched.
  const full = { ...part('full_attention'), ...table(text.rope_scaling, '"rope_scaling"', read) };
  return {
    full_attention: rope(full, read.positive('rope_theta', 1e6), read),
    sliding_attention: rope(part('sliding_attention'), read.positive('rope_local_base_freq', 1e4), read),
  };
}

function table(value: unknown, what: string, read: ConfigReader): Fields {
  if (value === undefined || value === null) return {};
  if (isRecord(value)) return value;
  read.problem(`${what} must be an object, found ${JSON.stringify(value)}.`);
  return {};
}

function rope(fields: Fields, defaultTheta: number, read: ConfigReader): RopeParameters {
  const type = fields.rope_type ?? fields.type ?? 'default';
  if (type !== 'default' && type !== 'linear') {
    read.problem(
      `rotary embedding of type ${JSON.stringify(type)} is not Gemma 3's; allowed: "default" or "linear".`,
    );
    return { theta: defaultTheta, factor: 1 };
  }
  for (const [key, value] of Object.entries(fields)) {
    if (READ.includes(key) || value === null || NEUTRAL[key]?.includes(value)) continue;
    read.problem(`rotary embedding with "${key}" ${JSON.stringify(value)} is not Gemma 3's.`);
  }
  const typed = fields.rope_type !== undefined || fields.type !== undefined;
  if (!typed && fields.factor !== undefined && fields.factor !== 1)
    read.problem(`rotary embedding has a "factor" without a "rope_type"; allowed: "default" or "linear".`);
  const theta = read.positive('rope_theta', defaultTheta, fields);
  if (type !== 'linear') return { theta, factor: 1 };
  if (fields.factor === undefined) read.problem('rotary embedding of type "linear" has no "factor".');
  return { theta, factor: read.positive('factor', 1, fields) };
}
