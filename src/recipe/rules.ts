/** What the schema cannot say: rules between fields. */
import type { Problem } from '../errors.ts';
import type { Places } from './place.ts';
import type { RecipeFile } from './schema.ts';

/** Every rule that `recipe` breaks. */
export function checkRules(recipe: RecipeFile, places: Places): Problem[] {
  const problems: Problem[] = [];
  const { data, eval_every } = recipe;
  if (data.eval !== null && data.eval_fraction > 0) {
    problems.push({
      ...places.find(['data', 'eval_fraction']),
      message:
        'data.eval and data.eval_fraction exclude each other: held-out rows are given or split off, not both',
    });
  }
  const measuresPairs = recipe.method === 'midalign' && recipe.align.eval !== null;
  if (eval_every !== null && data.eval === null && data.eval_fraction === 0 && !measuresPairs) {
    const others = recipe.method === 'midalign' ? ', or align.eval' : '';
    problems.push({
      ...places.find(['eval_every']),
      message: `eval_every needs held-out rows: set data.eval or data.eval_fraction${others}`,
    });
  }
  return problems;
}
