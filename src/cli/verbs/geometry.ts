import type { Argv, CommandModule } from 'yargs';
import type { GeometryArgs } from '../geometry.ts';

/** `isogloss geometry MODEL` */
export const geometry: CommandModule<object, GeometryArgs> = {
  command: 'geometry <model>',
  describe: 'Where languages lie in the hidden states of each layer, and what can be read off them',
  builder: (y) =>
    y
      .positional('model', {
        type: 'string',
        demandOption: true,
        describe: 'A Hugging Face directory, a .gguf file, the folder of a run, an id of the hub, or tiny',
      })
      .option('task', {
        type: 'string',
        requiresArg: true,
        default: 'toy',
        describe: 'Questions that are the same everywhere: a name',
      })
      .option('cultural-task', {
        type: 'string',
        requiresArg: true,
        describe: 'Questions that depend on culture: a name',
      })
      .option('data', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [],
        describe: 'TASK=PATH: where the questions of a task are; may be given several times',
      })
      .option('set', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [],
        describe: 'TASK.OPTION=VALUE: an option of a task; may be given several times',
      })
      .option('languages', {
        type: 'string',
        requiresArg: true,
        describe: 'es,ko: of all that a task has by default; English is read as well',
      })
      .option('limit', {
        type: 'number',
        requiresArg: true,
        default: 100,
        describe: 'Questions of each language at most, and those in English',
      })
      .option('position', {
        choices: ['last', 'mean', 'weighted'] as const,
        default: 'last' as const,
        requiresArg: true,
        describe: 'What is read of each prompt: its last token, the mean of all, or their mean by place',
      })
      .option('scoring', {
        choices: ['letters', 'text'] as const,
        requiresArg: true,
        describe: 'Prompts for letters of the options or for their texts; as the task says by default',
      })
      .option('prompt', {
        choices: ['paper', 'lm_eval', 'question', 'plain'] as const,
        requiresArg: true,
        describe: 'paper (letters) or question (text) by default',
      })
      .option('chat', { type: 'boolean', default: false, describe: 'In the chat template' })
      .option('seed', {
        type: 'number',
        requiresArg: true,
        default: 42,
        describe: 'Of the split of probes, of options and of intervals',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'Folder of geometry.json; one of the same model and questions is replaced',
      })
      .option('against', {
        type: 'string',
        requiresArg: true,
        describe: "Folder of another model's geometry: what a probe tells of it and not of this one",
      })
      .option('token-budget', {
        type: 'number',
        requiresArg: true,
        default: 4096,
        describe: 'Tokens of a pass',
      })
      .option('tokenizer', {
        type: 'string',
        requiresArg: true,
        describe: 'Another tokenizer: directory, file, or id of the hub',
      })
      .option('backend', {
        choices: ['auto', 'torch', 'tensorflow', 'wasm'] as const,
        default: 'auto' as const,
        requiresArg: true,
        describe: 'What computes',
      })
      .option('compute', {
        choices: ['auto', 'float32', 'bfloat16'] as const,
        default: 'float32' as const,
        requiresArg: true,
        describe: 'Number type of matrix products',
      })
      .example('$0 geometry runs/lab --task toy --languages es,ko', '') as unknown as Argv<GeometryArgs>,
  async handler(args) {
    const { measureModel } = await import('../geometry.ts');
    await measureModel(args);
  },
};
