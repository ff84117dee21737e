/** Steering as it was typed, made into steps. */
import { basename, join } from 'node:path';
import { type Problem, UserError } from '../errors.ts';
import { readStudySteps, studyFile } from '../eval/study/read-steps.ts';
import type { StudyKind } from '../eval/study/request.ts';
import { absolutePath } from '../paths.ts';
import { parseStep, type TypedStep } from '../steering/parse-step.ts';
import type { SteeringStep, SteeringVector } from '../steering/vector.ts';
import { readVector } from '../steering/vector-file.ts';
import type { SteerArgs } from './steer-flags.ts';

/**
 * Reads the files, each once. The folder of a study, or its report, stands for all of its steps.
 *
 * @param part of a study's steps; all where it is left out
 * @throws UserError with all that is wrong with what was typed, or with a file
 */
export async function readSteps(args: SteerArgs, part?: StudyKind): Promise<SteeringStep[]> {
  const problems: Problem[] = [];
  const typed: (TypedStep | { study: string; shown: string })[] = [];
  for (const text of args.steer) {
    const study = studyFile(absolutePath(process.cwd(), text));
    try {
      typed.push(study === undefined ? parseStep(text) : { study, shown: text });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new UserError(problems);
  const known = new Map<string, SteeringVector>();
  const steps: SteeringStep[] = [];
  for (const one of typed) {
    if ('study' in one) {
      const its = await readStudySteps(one.study, shownFile(one), part);
      steps.push(...its.map((step) => ({ ...step, tokens: args.steerTokens ?? step.tokens })));
      continue;
    }
    const { file, layer, gamma } = one;
    const vector = known.get(file) ?? (await readVector(absolutePath(process.cwd(), file), file));
    known.set(file, vector);
    steps.push({ vector, layer, gamma, tokens: args.steerTokens ?? vector.facts.applied_at });
  }
  return steps;
}

function shownFile({ study, shown }: { study: string; shown: string }): string {
  return basename(shown) === basename(study) ? shown : join(shown, basename(study));
}

/** A part of a folder's name: `en12x2+loc16x2`. */
export function stepsName(steps: readonly SteeringStep[]): string {
  return steps
    .filter(({ gamma }) => gamma !== 0)
    .map(({ vector, layer, gamma }) => `${vector.facts.kind}${layer}x${gamma}`)
    .join('+');
}

/** For people: `steered by en at layer 12 x 2, loc at layer 16 x 2`; undefined where nothing is steered. */
export function describeSteps(steps: readonly SteeringStep[]): string | undefined {
  const parts = steps.map(
    ({ vector, layer, gamma, tokens }) =>
      `${vector.facts.kind} at layer ${layer} x ${gamma}${tokens === 'everywhere' ? ' everywhere' : ''}`,
  );
  return parts.length > 0 ? `steered by ${parts.join(', ')}` : undefined;
}
