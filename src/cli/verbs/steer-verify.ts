import type { Argv, CommandModule } from 'yargs';
import type { VerifyArgs } from '../steer.ts';

/** `isogloss steer verify FILE` */
export const steerVerify: CommandModule<object, VerifyArgs> = {
  command: 'verify <file>',
  describe: 'Extract a vector again from what its file says, and print the largest difference',
  builder: (y) =>
    y
      .positional('file', { type: 'string', demandOption: true, describe: 'A steering vector' })
      .option('model', {
        type: 'string',
        requiresArg: true,
        describe: 'Where its model is now, if not where the file says',
      })
      .option('data', {
        type: 'string',
        requiresArg: true,
        describe: 'Where its questions are now, if not where the file says',
      })
      .option('tokenizer', {
        type: 'string',
        requiresArg: true,
        describe: 'Where its tokenizer is now, if not where the file says',
      })
      .option('backend', {
        choices: ['auto', 'torch', 'tensorflow', 'wasm'] as const,
        default: 'auto' as const,
        requiresArg: true,
        describe: 'What computes',
      }) as unknown as Argv<VerifyArgs>,
  async handler(args) {
    const { verifyFile } = await import('../steer.ts');
    if (!(await verifyFile(args))) process.exitCode = 1;
  },
};
