import type { CommandModule } from 'yargs';
import { findRecipe, parseAnyRecipe, recipeYaml } from '../../recipe/index.ts';
import { readTextFile } from '../../text.ts';

interface Args {
  recipe: string;
  overrides: string[];
  resolved: boolean;
}

/** `isogloss cat RECIPE` */
export const cat: CommandModule<object, Args> = {
  command: 'cat <recipe> [overrides..]',
  describe: 'Print a recipe, to start one of your own from',
  builder: (y) =>
    y
      .positional('recipe', { type: 'string', demandOption: true })
      .positional('overrides', { type: 'string', array: true, default: [], describe: 'With --resolved' })
      .option('resolved', { type: 'boolean', default: false, describe: 'With every field and its value' }),
  handler({ recipe, overrides, resolved }) {
    const text =
      resolved || overrides.length > 0
        ? recipeYaml(parseAnyRecipe(recipe, overrides))
        : readTextFile(findRecipe(recipe), recipe);
    process.stdout.write(text);
  },
};
