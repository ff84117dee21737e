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
  const measures =
    data.eval !== null || data.eval_fraction > 0 || measuresPairs || recipe.eval.tasks !== null;
  const others = `data.eval_fraction${recipe.method === 'midalign' ? ', align.eval' : ''} or eval.tasks`;
  if (eval_every !== null && !measures) {
    problems.push({
      ...places.find(['eval_every']),
      message: `eval_every needs held-out rows or questions: set data.eval, ${others}`,
    });
  }
  if (recipe.checkpoint.best_metric !== null && !measures) {
    problems.push({
      ...places.find(['checkpoint', 'best_metric']),
      message: `checkpoint.best_metric needs something that is measured: set data.eval, ${others}`,
    });
  }
  return problems;
}
