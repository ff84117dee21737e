/** Steering as it was typed, made into steps. */
import { type Problem, UserError } from '../errors.ts';
import { absolutePath } from '../paths.ts';
import { parseStep, type TypedStep } from '../steering/parse-step.ts';
import type { SteeringStep, SteeringVector } from '../steering/vector.ts';
import { readVector } from '../steering/vector-file.ts';
import type { SteerArgs } from './steer-flags.ts';

/** Reads the files, each once. @throws UserError with all that is wrong with what was typed, or with a file */
export async function readSteps(args: SteerArgs): Promise<SteeringStep[]> {
  const problems: Problem[] = [];
  const typed: TypedStep[] = [];
  for (const text of args.steer) {
    try {
      typed.push(parseStep(text));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new UserError(problems);
  const known = new Map<string, SteeringVector>();
  const steps: SteeringStep[] = [];
  for (const { file, layer, gamma } of typed) {
    const vector = known.get(file) ?? (await readVector(absolutePath(process.cwd(), file), file));
    known.set(file, vector);
    steps.push({ vector, layer, gamma, tokens: args.steerTokens ?? vector.facts.applied_at });
  }
  return steps;
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
