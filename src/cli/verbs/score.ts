import type { CommandModule } from 'yargs';
import { METRIC_HELP } from '../evaluation-help.ts';

interface Args {
  dir: string;
  metric: string;
  seed: number;
}

/** `isogloss score DIR` */
export const score: CommandModule<object, Args> = {
  command: 'score <dir>',
  describe: 'Show the figures of an evaluation again, by any metric, without its model',
  builder: (y) =>
    y
      .positional('dir', {
        type: 'string',
        demandOption: true,
        describe: 'Folder that `isogloss eval` wrote',
      })
      .option('metric', {
        type: 'string',
        requiresArg: true,
        default: 'sum',
        describe: METRIC_HELP,
      })
      .option('seed', { type: 'number', requiresArg: true, default: 42, describe: 'Of the intervals' }),
  async handler(args) {
    const { scoreAgain } = await import('../score.ts');
    await scoreAgain(args);
  },
};
