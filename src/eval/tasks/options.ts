/** A task's own options and languages, held to what it knows. */
import { languageOf, nearestLanguage } from '../../data/parallel/index.ts';
import { named } from '../../data/parallel/problems.ts';
import { type Problem, UserError } from '../../errors.ts';
import { nearest } from './nearest.ts';
import type { Task } from './task.ts';

/**
 * Every option of a task with its value, or its default.
 * @throws UserError for an option that the task has not, or a value that is not allowed, with the nearest one
 */
export function taskOptions(
  { name, options = {} }: Pick<Task, 'name' | 'options'>,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const known = Object.keys(options);
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(given)) {
    const option = Object.hasOwn(options, key) ? options[key] : undefined;
    if (option === undefined) {
      const has = known.length > 0 ? `it has ${known.join(', ')}` : 'it has none';
      problems.push({ message: `${name} has no option ${key}; ${has}`, ...hintOf(nearest(key, known)) });
    } else if (option.values !== undefined && !option.values.includes(value)) {
      const message = `${key} of ${name} must be ${option.values.join(', ')}, found ${JSON.stringify(value)}`;
      problems.push({ message, ...hintOf(nearest(value, option.values)) });
    }
  }
  if (problems.length > 0) throw new UserError(problems);
  return Object.fromEntries(known.map((key) => [key, given[key] ?? options[key]!.default]));
}

/** A whole number of at least `least` that an option holds; `all` is without end. @throws UserError for anything else */
export function countOption(task: string, key: string, value: string, least = 1): number {
  if (value === 'all') return Number.POSITIVE_INFINITY;
  if (/^\d{1,9}$/.test(value) && Number(value) >= least) return Number(value);
  throw new UserError(
    `${key} of ${task} must be a whole number of at least ${least}, or all; found ${JSON.stringify(value)}`,
  );
}

/**
 * Languages as recipes write them, in the order asked for.
 * @param known what the task can be had in; undefined is any
 * @throws UserError for what is no language, is named twice, or is not among `known`, with the nearest one
 */
export function taskLanguages(task: string, asked: readonly string[], known?: readonly string[]): string[] {
  const problems: Problem[] = [];
  const codes = new Map<string, string>();
  for (const spelled of asked) {
    const code = languageOf(spelled);
    if (code === undefined) {
      const message = `${spelled} is no language's code; write ISO 639-1, such as es`;
      problems.push({ message, ...hintOf(nearestLanguage(spelled, known)) });
    } else if (codes.has(code)) {
      problems.push({ message: `the languages ${codes.get(code)} and ${spelled} are the same` });
    } else if (known !== undefined && !known.includes(code)) {
      const message = `${task} is not in ${spelled}; it is in ${named(known, 50)}`;
      problems.push({ message, ...hintOf(spelled.length > 2 ? nearestLanguage(spelled, known) : undefined) });
    } else codes.set(code, spelled);
  }
  if (problems.length > 0) throw new UserError(problems);
  return [...codes.keys()];
}

function hintOf(hint: string | undefined): { hint?: string } {
  return hint === undefined ? {} : { hint };
}
