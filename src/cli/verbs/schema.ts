import type { CommandModule } from 'yargs';
import { recipeJsonSchema, recipeReference } from '../../recipe/index.ts';

interface Args {
  docs: boolean;
}

/** `isogloss schema` */
export const schema: CommandModule<object, Args> = {
  command: 'schema',
  describe: 'Print the JSON Schema of recipes, for completion in editors',
  builder: (y) =>
    y.option('docs', {
      type: 'boolean',
      default: false,
      describe: 'The reference as Markdown (docs/recipes.md)',
    }),
  handler({ docs }) {
    process.stdout.write(docs ? recipeReference() : `${JSON.stringify(recipeJsonSchema(), undefined, 2)}\n`);
  },
};
