import type { CommandModule } from 'yargs';
import { type Problem, UserError } from '../../errors.ts';
import { type EvalRecipe, isOverride, parseAnyRecipe, type Recipe } from '../../recipe/index.ts';

interface Args {
  recipes: string[];
}

async function inspected(recipe: Recipe | EvalRecipe): Promise<string> {
  if (recipe.method === 'eval') {
    const { inspectEvaluation } = await import('../inspect-evaluation.ts');
    return inspectEvaluation(recipe);
  }
  const { inspectRecipe } = await import('../inspect.ts');
  return inspectRecipe(recipe);
}

/** `isogloss validate RECIPE.. [key=value ..]` */
export const validate: CommandModule<object, Args> = {
  command: 'validate <recipes..>',
  describe: 'Check recipes with their data, model and tokenizer, without computing or writing anything',
  builder: (y) =>
    y.positional('recipes', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Recipes, and key=value or ~key that hold for all of them',
    }),
  async handler({ recipes: words }) {
    const overrides = words.filter(isOverride);
    const files = words.filter((word) => !isOverride(word));
    if (files.length === 0)
      throw new UserError('which recipe? `isogloss ls` lists those that come with isogloss');
    const problems: Problem[] = [];
    for (const file of files) {
      try {
        const { checkQuestions } = await import('../../eval/from-recipe.ts');
        const recipe = parseAnyRecipe(file, overrides, checkQuestions);
        process.stdout.write(`${file}\n${await inspected(recipe)}\n`);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        problems.push(...error.problems);
      }
    }
    if (problems.length > 0) throw new UserError(problems);
  },
};
