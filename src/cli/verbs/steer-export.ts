import type { Argv, CommandModule } from 'yargs';
import type { ExportArgs } from '../steer-files.ts';

/** `isogloss steer export FILE` */
export const steerExport: CommandModule<object, ExportArgs> = {
  command: 'export <file>',
  describe: 'Write a vector for llama.cpp (gguf) or lm-evaluation-harness (lm-eval)',
  builder: (y) =>
    y
      .positional('file', { type: 'string', demandOption: true, describe: 'A steering vector' })
      .option('format', {
        choices: ['gguf', 'lm-eval'] as const,
        requiresArg: true,
        describe: 'As --out ends by default: .gguf or .pt',
      })
      .option('language', {
        type: 'string',
        requiresArg: true,
        describe: 'Which one of several: a file holds one',
      })
      .option('layer', {
        type: 'number',
        requiresArg: true,
        describe: 'One block; all but block 0 by default (gguf)',
      })
      .option('gamma', { type: 'number', requiresArg: true, default: 1, describe: 'Coefficient' })
      .option('gamma-in-file', {
        type: 'boolean',
        default: false,
        describe: 'Multiply the numbers by gamma, instead of naming it where the file is used (gguf)',
      })
      .option('hookpoint', {
        type: 'string',
        requiresArg: true,
        describe: 'Where the model has its blocks: layers, or language_model.layers (lm-eval)',
      })
      .option('out', { type: 'string', requiresArg: true, demandOption: true, describe: 'The file' })
      .example(
        '$0 steer export loc.json --language es --layer 12 --gamma 2 --out es.gguf',
        '',
      ) as unknown as Argv<ExportArgs>,
  async handler(args) {
    const { exportVector } = await import('../steer-files.ts');
    await exportVector(args);
  },
};
