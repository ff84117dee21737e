/** The training methods. A new one is a line here and in the schema of recipes. */
import type { Recipe } from '../recipe/index.ts';
import { readClo } from './clo.ts';
import type { ReadRows, TextRows } from './method.ts';
import { readMidalign } from './midalign.ts';
import { readMist } from './mist.ts';

const METHODS: { [M in Recipe['method']]: ReadRows<Extract<Recipe, { method: M }>> } = {
  mist: readMist,
  midalign: readMidalign,
  clo: readClo,
};

/** Reads the rows of a recipe as its method does. @throws UserError with all that is wrong with them */
export function readRows(recipe: Recipe, cwd: string): Promise<TextRows> {
  return (METHODS[recipe.method] as ReadRows<Recipe>)(recipe, cwd);
}
