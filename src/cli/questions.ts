/** Tasks on the command line of verbs that have no recipe. */
import { type Problem, UserError } from '../errors.ts';
import type { TaskRequest } from '../eval/ask.ts';

/** What says which questions are asked. */
export interface QuestionArgs {
  data: readonly string[];
  set: readonly string[];
  limit?: number;
  seed: number;
  tokenBudget: number;
}

/** Tasks by name, with the paths and options that are given to each. @throws UserError with all that is wrong */
export function readTasks(names: readonly string[], args: QuestionArgs): TaskRequest[] {
  const problems: Problem[] = [];
  const check = (name: string, value: number | undefined, least: number) => {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= least))
      problems.push({ message: `--${name} must be a whole number of at least ${least}, found ${value}` });
  };
  check('limit', args.limit, 1);
  check('seed', args.seed, 0);
  check('token-budget', args.tokenBudget, 1);
  const split = (texts: readonly string[], option: string): [task: string, rest: string][] =>
    texts.flatMap((text) => {
      const found = /^([^=.]+)[=.](.+)$/.exec(text);
      if (found && names.includes(found[1]!)) return [[found[1]!, found[2]!]];
      problems.push({ message: `--${option} ${text} must begin with one of the tasks: ${names.join(', ')}` });
      return [];
    });
  const paths = new Map(split(args.data, 'data'));
  const options = new Map<string, Record<string, string>>();
  for (const [task, text] of split(args.set, 'set')) {
    const [key, value] = text.split(/=(.*)/s) as [string, string | undefined];
    if (value === undefined) problems.push({ message: `--set ${task}.${text} must be TASK.OPTION=VALUE` });
    else options.set(task, { ...options.get(task), [key]: value });
  }
  if (problems.length > 0) throw new UserError(problems);
  return names.map((name) => {
    const path = paths.get(name);
    return { name, options: options.get(name) ?? {}, ...(path === undefined ? {} : { path }) };
  });
}
