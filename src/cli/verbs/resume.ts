import type { CommandModule } from 'yargs';

interface Args {
  run: string;
  overrides: string[];
  force: boolean;
  restart: boolean;
  chart: boolean;
}

/** `isogloss resume RUN [key=value ..]` */
export const resume: CommandModule<object, Args> = {
  command: 'resume <run> [overrides..]',
  describe: 'Go on with a stopped run from its newest checkpoint',
  builder: (y) =>
    y
      .positional('run', { type: 'string', demandOption: true, describe: 'Folder of the run' })
      .positional('overrides', {
        type: 'string',
        array: true,
        default: [],
        describe: 'What may change on the way, such as train.max_steps=2000',
      })
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'Go on even if recipe or data are no longer what the run began with',
      })
      .option('restart', {
        type: 'boolean',
        default: false,
        describe: 'Start again at step 0; checkpoints and metrics are moved to set-aside/ in the run',
      })
      .option('chart', { type: 'boolean', default: false, describe: 'Draw the loss curve at the end' }),
  async handler({ run, overrides, force, restart, chart }) {
    const [{ resumeRun }, { watch }] = await Promise.all([
      import('../../trainers/index.ts'),
      import('../watch.ts'),
    ]);
    await watch({ chart }, (progress) =>
      resumeRun(run, overrides, { progress, force, restart, argv: process.argv.slice(2) }),
    );
  },
};
