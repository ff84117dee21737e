/** The JSON beside a vector's numbers: read as a hostile file, every field held to what it may be. */
import { z } from 'zod';
import { type Problem, UserError } from '../errors.ts';
import { derivedSchema } from './derived.ts';
import type { VectorFacts } from './vector.ts';

/** The format that is written. A later one means what this version cannot know. */
export const FORMAT = 'isogloss_steering_1';
/** Ids of some thousand pairs in some languages take less; more is no description of a vector. */
export const LARGEST_FACTS = 64 << 20;
/** What a language is called; `*` serves all. */
export const LANGUAGE = /^(\*|[A-Za-z0-9][A-Za-z0-9-]{0,31})$/;
/** Problems told of one file. */
const SHOWN = 10;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const count = z
  .number()
  .int()
  .min(1)
  .max(1 << 20);
const whole = z.number().int().min(0);
const lengths = z.array(z.number().min(0));
const language = z.string().regex(LANGUAGE);

const schema = z.strictObject({
  format: z.literal(FORMAT),
  kind: z.enum(['en', 'loc', 'random', 'other']),
  layer_convention: z.literal('block_output_0_based'),
  read_at: z.enum(['last', 'mean', 'answer']),
  applied_at: z.enum(['prompt_end', 'everywhere']),
  model: z.strictObject({
    name: z.string(),
    weights: z.string(),
    num_hidden_layers: count,
    hidden_size: count,
  }),
  tokenizer: z.string(),
  chat_template: z.string().nullable(),
  task: z.string(),
  prompt: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  split: z.string(),
  seed: whole,
  pairs: z.record(language, z.strictObject({ ids: z.array(z.string()), sha256: hash })),
  norms: z.record(language, z.strictObject({ vector: lengths, hidden: lengths })),
  versions: z.record(z.string(), z.string()),
  extraction: z
    .strictObject({
      path: z.string().nullable(),
      tokenizer: z.string().nullable(),
      languages: z.array(z.string()),
      options: z.record(z.string(), z.string()),
      sources: z.array(z.string()),
      split_by: z.enum(['question', 'item']),
      dev1: whole,
      dev2: whole,
      compute: z.string(),
      storage: z.string(),
    })
    .optional(),
  derived: derivedSchema.optional(),
  /** Of the numbers that these are the facts of: files of two vectors must not be taken for one. */
  identity: hash,
});

/** As text, with the identity of the numbers. */
export function factsText(facts: VectorFacts, identity: string): string {
  return `${JSON.stringify({ ...facts, identity }, null, 2)}\n`;
}

/**
 * Facts and the identity of their numbers.
 *
 * @param file for errors
 * @throws UserError with all that is wrong
 */
export function parseFacts(text: string, file: string): { facts: VectorFacts; identity: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError({ file, message: `is not JSON: ${(error as Error).message}` });
  }
  requireFormat(value, file);
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.slice(0, SHOWN).map(({ path, message }): Problem => {
      const place = path.length > 0 ? `${path.join('.')}: ` : '';
      return { file, message: `is damaged: ${place}${message}` };
    });
    throw new UserError(problems);
  }
  const { identity, extraction, derived, ...facts } = parsed.data;
  return {
    facts: { ...facts, ...(extraction && { extraction }), ...(derived && { derived }) },
    identity,
  };
}

/** What another version wrote is told as that, not by all the fields in which it differs. */
function requireFormat(value: unknown, file: string): void {
  const found =
    typeof value === 'object' && value !== null ? (value as { format?: unknown }).format : undefined;
  if (found === FORMAT) return;
  const message =
    typeof found === 'string' && /^isogloss_steering_\d+$/.test(found)
      ? `has the format ${found}, and this version reads ${FORMAT}: it takes a newer isogloss`
      : `is no description of a steering vector: its format must be ${FORMAT}, found ${JSON.stringify(found)?.slice(0, 40) ?? 'none'}`;
  throw new UserError({ file, message });
}
