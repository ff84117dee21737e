import type { CommandModule } from 'yargs';

interface Args {
  recipe: string;
  overrides: string[];
  out?: string;
  chart: boolean;
}

/** `isogloss train RECIPE [key=value ..]` */
export const train: CommandModule<object, Args> = {
  command: 'train <recipe> [overrides..]',
  describe: 'Train by a recipe, with fields set on the command line',
  builder: (y) =>
    y
      .positional('recipe', {
        type: 'string',
        demandOption: true,
        describe: 'A file, or a name that `ls` lists',
      })
      .positional('overrides', {
        type: 'string',
        array: true,
        default: [],
        describe: 'key=value sets a field, ~key takes one out',
      })
      .option('out', { type: 'string', describe: 'Folder of the run' })
      .option('chart', { type: 'boolean', default: false, describe: 'Draw the loss curve at the end' })
      .example('$0 train recipes/mist.yaml train.max_steps=50', '')
      .example('$0 train gemma3-270m/mist model.path=DIR data.train.path=rows.jsonl', ''),
  async handler({ recipe: file, overrides, out, chart }) {
    const { parseRecipe } = await import('../../recipe/index.ts');
    const recipe = parseRecipe(
      file,
      out === undefined ? overrides : [...overrides, `out=${JSON.stringify(out)}`],
    );
    const [trainers, { watch }] = await Promise.all([
      import('../../trainers/index.ts'),
      import('../watch.ts'),
    ]);
    await watch({ chart }, (progress) => trainers.train(recipe, { progress, argv: process.argv.slice(2) }));
  },
};
