/** The smallest recipe, and what is wrong with others. */
import { UserError } from '../../src/errors.ts';
import { type MistRecipe, parseRecipeText } from '../../src/recipe/index.ts';

/** A recipe with nothing that has a default. */
export const MINIMAL = `name: a
method: mist
model:
  path: tiny
data:
  train:
    path: builtin:toy
`;

/** Messages of the error that reading `text` throws. */
export function problems(text: string, overrides: string[] = []): string[] {
  try {
    parseRecipeText(text, 'r.yaml', overrides);
  } catch (error) {
    if (error instanceof UserError) return error.message.split('\n');
    throw error;
  }
  return [];
}

/** A recipe of MIST, with overrides. */
export function parseMist(text: string, overrides: string[] = []): MistRecipe {
  return parseRecipeText(text, 'r.yaml', overrides) as MistRecipe;
}
