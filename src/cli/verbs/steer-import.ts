import type { CommandModule } from 'yargs';
import type { ImportArgs } from '../steer-files.ts';

/** `isogloss steer import FILE` */
export const steerImport: CommandModule<object, ImportArgs> = {
  command: 'import <file>',
  describe: 'Make a steering vector of a control vector of llama.cpp or repeng, or of a file of lm-eval',
  builder: (y) =>
    y
      .positional('file', { type: 'string', demandOption: true, describe: 'A .gguf or .pt file' })
      .option('format', {
        choices: ['gguf', 'lm-eval'] as const,
        requiresArg: true,
        describe: 'As the file ends by default',
      })
      .option('model', {
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe: 'The model that it is for, which the file does not say',
      })
      .option('tokenizer', {
        type: 'string',
        requiresArg: true,
        describe: 'Another tokenizer: directory, file, or id of the hub',
      })
      .option('language', {
        type: 'string',
        requiresArg: true,
        describe: 'That it is for; what the file says, else all, by default',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe: 'Name of the vector',
      })
      .example('$0 steer import happy.gguf --model google/gemma-3-270m --out happy', ''),
  async handler(args) {
    const { importVector } = await import('../steer-files.ts');
    await importVector(args);
  },
};
