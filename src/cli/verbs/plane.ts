import type { CommandModule } from 'yargs';
import type { PlaneArgs } from '../plane.ts';

/** `isogloss plane RESULTS..` */
export const plane: CommandModule<object, PlaneArgs> = {
  command: 'plane <results..>',
  describe: 'Evaluations on the transfer-localization plane, against UNALIGNED',
  builder: (y) =>
    y
      .positional('results', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Folders of results, FOLDER or NAME=FOLDER; or one table of accuracies (.csv)',
      })
      .option('baseline', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Folder of UNALIGNED, if no result is named so; may be given several times',
      })
      .option('floor', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'Folder of results under a random direction; may be given several times',
      })
      .option('transfer', {
        choices: ['all', 'ca', 'cs'] as const,
        default: 'all' as const,
        requiresArg: true,
        describe: 'Universal questions that count: all, or those labelled culturally agnostic or sensitive',
      })
      .option('universal', {
        type: 'string',
        requiresArg: true,
        describe: 'Task of transfer, where there are several',
      })
      .option('cultural', {
        type: 'string',
        requiresArg: true,
        describe: 'Task of localization, where there are several',
      })
      .option('metric', {
        type: 'string',
        requiresArg: true,
        default: 'sum',
        describe: 'sum, tokens, bytes or pmi, of option texts; letters are compared by sum',
      })
      .option('seed', { type: 'number', requiresArg: true, default: 42, describe: 'Of intervals' })
      .option('table', {
        // Or `1` would be a number.
        type: 'string',
        choices: ['plane', 'numbers', '1', '2', '3'] as const,
        requiresArg: true,
        describe: "What .csv and .md hold: a table alone (the paper's 1 to 3, or ours)",
      })
      .option('figure', {
        choices: ['plane', 'transfer', 'localization'] as const,
        default: 'plane' as const,
        requiresArg: true,
        describe: 'What .svg, .png and .vl.json show: the plane, or bars of one axis by language',
      })
      .option('title', { type: 'string', requiresArg: true, describe: 'Of the figure' })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'A file: .svg, .png, .vl.json, .html, .csv or .md',
      })
      .example('$0 plane UNALIGNED=eval/base CLO=eval/clo --out plane.svg', '') as never,
  async handler(args) {
    const { showPlane } = await import('../plane.ts');
    await showPlane(args);
  },
};
