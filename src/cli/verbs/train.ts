import { existsSync } from 'node:fs';
import type { CommandModule } from 'yargs';

interface Args {
  recipe: string;
  overrides: string[];
  out?: string;
  numbered: boolean;
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
      .option('out', { type: 'string', requiresArg: true, describe: 'Folder of the run' })
      .option('numbered', {
        type: 'boolean',
        default: false,
        describe: 'If that folder holds a run, use the next free of <folder>-2, <folder>-3, ..',
      })
      .option('chart', { type: 'boolean', default: false, describe: 'Draw the loss curve at the end' })
      .example('$0 train recipes/mist.yaml train.max_steps=50', '')
      .example('$0 train gemma3-270m/mist model.path=DIR data.train.path=rows.jsonl', ''),
  async handler({ recipe: file, overrides, out, numbered, chart }) {
    const [{ parseRecipe }, { checkQuestions }] = await Promise.all([
      import('../../recipe/index.ts'),
      import('../../eval/from-recipe.ts'),
    ]);
    const recipe = parseRecipe(
      file,
      out === undefined ? overrides : [...overrides, `out=${JSON.stringify(out)}`],
      checkQuestions,
    );
    if (numbered) recipe.out = nextFree(recipe.out);
    const [trainers, { watch }] = await Promise.all([
      import('../../trainers/index.ts'),
      import('../watch.ts'),
    ]);
    await watch({ chart }, (progress) => trainers.train(recipe, { progress, argv: process.argv.slice(2) }));
  },
};

/** `folder` itself if nothing is there, else the first of `folder-2`, `folder-3`, .. that is free. */
function nextFree(folder: string): string {
  let free = folder;
  for (let n = 2; existsSync(free); n++) free = `${folder}-${n}`;
  return free;
}
