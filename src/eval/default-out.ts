/** Where results go that nobody has named a folder for. */
import { basename } from 'node:path';
import type { EvalRecipe } from '../recipe/index.ts';

/** `eval/<model>-<tasks>`; a series has a folder of its own. */
export function defaultOut({
  model,
  tasks,
  everyCheckpoint,
}: Pick<EvalRecipe, 'model' | 'tasks' | 'everyCheckpoint'>): string {
  const parts = [
    basename(model.path),
    ...tasks.map(({ name }) => name),
    ...(everyCheckpoint ? ['steps'] : []),
  ];
  return `eval/${parts.join('-').replaceAll(/[^\w.-]+/g, '_')}`;
}
