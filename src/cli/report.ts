/** What is printed for an error, and the exit code that goes with it. */
import { formatProblem, UserError } from '../errors.ts';

/** Prints `error` to stderr and returns the exit code: a user's mistake has no stack, a fault of ours has one. */
export function reportError(error: unknown): number {
  if (error instanceof UserError) {
    for (const problem of error.problems) process.stderr.write(`error: ${formatProblem(problem)}\n`);
    return error.exitCode;
  }
  if (isInterruption(error)) {
    const { message, exitCode, step, runDir } = error;
    process.stderr.write(`${message}${step > 0 ? `; go on with: isogloss resume ${runDir}` : ''}\n`);
    return exitCode;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}

/** By shape and not by class, so that reporting an error does not load the trainers. */
function isInterruption(error: unknown): error is Error & { exitCode: number; step: number; runDir: string } {
  return error instanceof Error && error.name === 'Interrupted' && 'exitCode' in error && 'runDir' in error;
}
