/** Where results go that nobody has named a folder for. */
import { basename } from 'node:path';
import type { EvalRecipe } from '../recipe/index.ts';

/** `eval/<model>-<tasks>-<steering>`; a series has a folder of its own. @param steering what it is called; empty for none */
export function defaultOut(
  { model, tasks, everyCheckpoint }: Pick<EvalRecipe, 'model' | 'tasks' | 'everyCheckpoint'>,
  steering: string,
): string {
  const parts = [
    basename(model.path),
    ...tasks.map(({ name }) => name),
    ...(steering === '' ? [] : [steering]),
    ...(everyCheckpoint ? ['steps'] : []),
  ];
  return `eval/${parts.join('-').replaceAll(/[^\w.+-]+/g, '_')}`;
}
