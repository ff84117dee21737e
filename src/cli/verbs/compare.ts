import type { CommandModule } from 'yargs';

interface Args {
  a: string;
  b: string;
  metric: string;
  seed: number;
}

/** `isogloss compare A B` */
export const compare: CommandModule<object, Args> = {
  command: 'compare <a> <b>',
  describe: 'Two evaluations of the same questions side by side, with paired intervals',
  builder: (y) =>
    y
      .positional('a', { type: 'string', demandOption: true, describe: 'Folder of results' })
      .positional('b', { type: 'string', demandOption: true, describe: 'Another' })
      .option('metric', {
        type: 'string',
        requiresArg: true,
        default: 'sum',
        describe: 'sum, tokens, bytes or pmi',
      })
      .option('seed', { type: 'number', requiresArg: true, default: 42, describe: 'Of intervals' }),
  async handler(args) {
    const { compareFolders } = await import('../compare.ts');
    await compareFolders(args);
  },
};
