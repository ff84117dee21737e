import type { CommandModule } from 'yargs';
import { METRIC_HELP } from '../evaluation-help.ts';

interface Args {
  a: string;
  b: string;
  metric: string;
  seed: number;
}

/** `isogloss compare A B` */
export const compare: CommandModule<object, Args> = {
  command: 'compare <a> <b>',
  describe: 'Show two evaluations of the same questions side by side, with paired intervals',
  builder: (y) =>
    y
      .positional('a', {
        type: 'string',
        demandOption: true,
        describe: 'Folder that `isogloss eval` wrote: what B is compared with',
      })
      .positional('b', { type: 'string', demandOption: true, describe: 'Another, of the same questions' })
      .option('metric', {
        type: 'string',
        requiresArg: true,
        default: 'sum',
        describe: METRIC_HELP,
      })
      .option('seed', { type: 'number', requiresArg: true, default: 42, describe: 'Of the intervals' }),
  async handler(args) {
    const { compareFolders } = await import('../compare.ts');
    await compareFolders(args);
  },
};
