/** What is printed for an error, and the exit code that goes with it. */
import { formatProblem, type Problem, UserError } from '../errors.ts';

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

/** What yargs rejects, in the words of every other error here; `words` is the command line. */
export function usageError(message: string, words: readonly string[]): Problem {
  const command = words.find((word) => !word.startsWith('-')) ?? '';
  const near = /^Did you mean (.+)\?$/.exec(message)?.[1];
  if (near) return { message: `there is no command ${command}`, hint: near };
  if (message.startsWith('Not enough non-option arguments')) {
    return { message: `${command} needs more than that; see isogloss ${command} --help` };
  }
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1];
  if (unknown?.split(', ')[0] === command) {
    return { message: `there is no command ${command}; see isogloss --help` };
  }
  if (unknown && words.includes(unknown.split(', ')[0]!)) {
    return { message: `${unknown} is more than ${command} takes; a text of several words goes in quotes` };
  }
  if (unknown) return { message: `there is no option --${unknown}; see isogloss ${command} --help` };
  return { message: `${message.replaceAll('\n', ' ')}; see isogloss --help` };
}
