/** Errors that are the user's to mend. Everything else is a programming error and throws with its stack. */

/** One thing that is wrong, and where. */
export interface Problem {
  /** What was found and what is allowed, one sentence. */
  message: string;
  /** File the problem is in, as the user wrote its path. */
  file?: string;
  /** 1-based line in `file`. */
  line?: number;
  /** 1-based column in `file`. */
  column?: number;
  /** The nearest thing that would have been right, if one is near. */
  hint?: string;
}

/** A mistake of the user's: reported without a stack, all problems at once, exit code 2, nothing written. */
export class UserError extends Error {
  readonly exitCode = 2;
  readonly problems: readonly Problem[];

  constructor(problems: string | Problem | readonly Problem[]) {
    const list: readonly Problem[] =
      typeof problems === 'string'
        ? [{ message: problems }]
        : Array.isArray(problems)
          ? problems
          : [problems as Problem];
    super(list.map(formatProblem).join('\n'));
    this.name = 'UserError';
    this.problems = list;
  }
}

/** `file:line:column: message. Did you mean hint?`, leaving out what is not known. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  const stop = /[.?!]$/.test(problem.message) ? '' : '.';
  const hint = problem.hint === undefined ? '' : `${stop} Did you mean ${problem.hint}?`;
  return `${place ? `${place}: ` : ''}${problem.message}${hint}`;
}
