import type { CommandModule } from 'yargs';

interface Args {
  dir: string;
  metric: string;
  seed: number;
}

/** `isogloss score DIR` */
export const score: CommandModule<object, Args> = {
  command: 'score <dir>',
  describe: 'Figures of an evaluation again, by any metric, without its model',
  builder: (y) =>
    y
      .positional('dir', { type: 'string', demandOption: true, describe: 'Folder of results' })
      .option('metric', {
        type: 'string',
        requiresArg: true,
        default: 'sum',
        describe: 'sum, tokens, bytes or pmi',
      })
      .option('seed', { type: 'number', requiresArg: true, default: 42, describe: 'Of intervals' }),
  async handler(args) {
    const { scoreAgain } = await import('../score.ts');
    await scoreAgain(args);
  },
};
