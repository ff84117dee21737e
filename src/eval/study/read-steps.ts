/** The steering that a study ended with, read from its folder to be used elsewhere. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import type { SteeringStep } from '../../steering/vector.ts';
import { readVector } from '../../steering/vector-file.ts';
import { readTextFile } from '../../text.ts';
import { STUDY_FILE, STUDY_FORMAT } from './report.ts';
import { type StudyKind, vectorsOf } from './request.ts';

/** Figures of a hundred ways in fifty languages come to less. */
const MAX_BYTES = 64 << 20;

/** Of the file only what steers. */
const schema = z.looseObject({
  format: z.literal(STUDY_FORMAT),
  kind: z.enum(['en', 'loc', 'sur']),
  steps: z
    .array(
      z.strictObject({
        vector: z.string().min(1),
        kind: z.enum(['en', 'loc']),
        layer: z.int().min(0),
        gamma: z.number(),
        tokens: z.enum(['prompt_end', 'everywhere']),
        identity: z.string(),
      }),
    )
    .min(1),
});

/** The file that a path means, if it is the folder or the report of a study. */
export function studyFile(path: string): string | undefined {
  const file = path.endsWith(STUDY_FILE) ? path : join(path, STUDY_FILE);
  return existsSync(file) && statSync(file).isFile() ? file : undefined;
}

/**
 * Its steps, or those of a part of SUR.
 *
 * @param file of `studyFile`
 * @param shown as the user wrote it
 * @throws UserError if it is damaged, has no such part, or a vector is missing or another one than it was
 */
export async function readStudySteps(file: string, shown: string, kind?: StudyKind): Promise<SteeringStep[]> {
  const refuse = (message: string): never => {
    throw new UserError({ file: shown, message });
  };
  let value: unknown;
  try {
    value = JSON.parse(readTextFile(file, shown, MAX_BYTES));
  } catch (error) {
    if (error instanceof UserError) throw error;
    return refuse(`is damaged: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    return refuse(
      `is no report of steering that this version reads: ${path.join('.') || 'the file'}: ${message}`,
    );
  }
  const { kind: whole, steps: all } = parsed.data;
  const wanted = vectorsOf(kind ?? whole);
  const lacking = wanted.filter((one) => !all.some((step) => step.kind === one));
  if (lacking.length > 0)
    return refuse(
      `steers by ${all.map((step) => step.kind).join(' and ')}, and has no ${lacking.join(', ')}`,
    );
  const steps: SteeringStep[] = [];
  for (const { vector: path, layer, gamma, tokens, identity } of all.filter((step) =>
    wanted.includes(step.kind),
  )) {
    const vector = await readVector(join(dirname(file), path), join(dirname(shown), path));
    if (vector.identity !== identity)
      return refuse(
        `was found with other numbers than ${path} has now: the vector was made again, or changed`,
      );
    steps.push({ vector, layer, gamma, tokens });
  }
  return steps;
}
