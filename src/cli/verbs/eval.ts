import type { Argv, CommandModule } from 'yargs';
import type { EvalArgs } from '../evaluate.ts';
import { STEER_FLAGS } from '../steer-flags.ts';

/** `isogloss eval MODEL` */
export const evalVerb: CommandModule<object, EvalArgs> = {
  command: 'eval <model>',
  describe: 'Ask a model questions with options, and count what it gets right',
  builder: (y) =>
    y
      .positional('model', {
        type: 'string',
        demandOption: true,
        describe: 'A Hugging Face directory, a .gguf file, the folder of a run, an id of the hub, or tiny',
      })
      .option('tasks', {
        type: 'string',
        requiresArg: true,
        default: 'toy',
        describe: 'What to ask: names, with commas',
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
        describe: 'es,ko: of all that a task has by default',
      })
      .option('limit', { type: 'number', requiresArg: true, describe: 'Items of each language at most' })
      .option('shots', {
        type: 'number',
        requiresArg: true,
        default: 0,
        describe: 'Solved examples before each question',
      })
      .option('scoring', {
        choices: ['letters', 'text'] as const,
        requiresArg: true,
        describe: 'Letters of the options or their texts; as the task says by default',
      })
      .option('prompt', {
        choices: ['paper', 'lm_eval', 'question', 'plain'] as const,
        requiresArg: true,
        describe: 'paper (letters) or question (text) by default',
      })
      .option('metric', {
        choices: ['sum', 'tokens', 'bytes', 'pmi'] as const,
        default: 'sum' as const,
        requiresArg: true,
        describe: 'What option texts are compared by',
      })
      .option('chat', { type: 'boolean', default: false, describe: 'In the chat template' })
      .option('seed', {
        type: 'number',
        requiresArg: true,
        default: 42,
        describe: 'Of options and intervals',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'Folder of the results; one of the same evaluation is gone on with',
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
        describe: 'Number type of matrix products; bfloat16 makes ties',
      })
      .options(STEER_FLAGS)
      .example('$0 eval runs/lab --tasks toy --limit 20', '')
      .example("$0 eval runs/lab --tasks toy --steer 'vectors/en@2*1'", '') as unknown as Argv<EvalArgs>,
  async handler(args) {
    const { evaluateModel } = await import('../evaluate.ts');
    await evaluateModel(args);
  },
};
