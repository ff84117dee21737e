/** The tasks there are. A new one is one file with a `Task`, and a line in `TASKS`. */
import { UserError } from '../../errors.ts';
import { blend } from './blend.ts';
import { blendAnnotations } from './blend-annotations.ts';
import { bmlama } from './bmlama.ts';
import { gmmlu, gmmluLite } from './gmmlu.ts';
import { mcq } from './mcq.ts';
import { nearest } from './nearest.ts';
import type { Task } from './task.ts';
import { toy } from './toy.ts';
import { toyCulture } from './toy-culture.ts';

export type { Task, TaskItems, TaskOptions } from './task.ts';

/** All of them, in the order they are listed in. */
export const TASKS: readonly Task[] = [
  gmmlu,
  gmmluLite,
  blend,
  blendAnnotations,
  bmlama,
  mcq,
  toy,
  toyCulture,
];

/**
 * A task by its name.
 * @throws UserError if there is none, with the nearest
 */
export function findTask(name: string): Task {
  const found = TASKS.find((task) => task.name === name);
  if (found !== undefined) return found;
  const names = TASKS.map((task) => task.name);
  const hint = nearest(name.replaceAll('-', '_'), names);
  throw new UserError({
    message: `there is no task ${name}; there are ${names.join(', ')}`,
    ...(hint === undefined ? {} : { hint }),
  });
}
