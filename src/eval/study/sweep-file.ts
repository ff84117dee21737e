/** `sweep-en.json`, `sweep-loc.json`: what was tried on Dev2, and what was chosen. Snake case; shares of 1, nats. */
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { readTextFile } from '../../text.ts';

const FORMAT = 'isogloss_sweep_1';
/** A hundred layers of twenty gammas in fifty languages come to less. */
const MAX_BYTES = 64 << 20;

const place = { layer: z.int().min(0), gamma: z.number() };
const change = z.strictObject({
  before: z.number(),
  after: z.number(),
  delta: z.number(),
  ci95: z.tuple([z.number(), z.number()]).optional(),
  stderr: z.number().optional(),
  by_language: z.record(z.string(), z.number()),
});
const axes = z.strictObject({ universal: change, cultural: change });
const layer = z.strictObject({ ...place, value: z.number(), stderr: z.number() });

const schema = z.strictObject({
  format: z.literal(FORMAT),
  vector: z.strictObject({ kind: z.enum(['en', 'loc']), identity: z.string() }),
  by: z.enum(['accuracy', 'choice_logprob']),
  chosen: layer,
  best: layer,
  /** Places within one standard error of the best. */
  within: z.int().min(1),
  /** Places that cost no transfer: for LOC those alone may be chosen, if there are any. */
  allowed: z.int().min(0),
  curve: z.array(layer).min(1),
  places: z.array(z.strictObject({ ...place, accuracy: axes, choice_logprob: axes })).min(1),
});

/** What a sweep found. */
export type SweepRecord = z.infer<typeof schema>;

/** Its text; `format` is put before it. */
export function sweepText(record: Omit<SweepRecord, 'format'>): string {
  return `${JSON.stringify({ format: FORMAT, ...record }, null, 1)}\n`;
}

/**
 * Reads one.
 *
 * @param identity of the vector's numbers
 * @throws UserError if it is damaged, of another version, or of another vector
 */
export function readSweep(path: string, shown: string, identity: string): SweepRecord {
  const refuse = (message: string): never => {
    throw new UserError({ file: shown, message: `${message}; move it away, and Dev2 is asked again` });
  };
  let value: unknown;
  try {
    value = JSON.parse(readTextFile(path, shown, MAX_BYTES));
  } catch (error) {
    if (error instanceof UserError) throw error;
    return refuse(`is damaged: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0]!;
    return refuse(`is no sweep that this version reads: ${at.join('.') || 'the file'}: ${message}`);
  }
  if (parsed.data.vector.identity !== identity) return refuse('is of another vector');
  return parsed.data;
}
