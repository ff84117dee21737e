import type { Argv, CommandModule } from 'yargs';
import type { EvalArgs } from '../evaluate.ts';
import { METRIC_HELP, TASK_NAMES } from '../evaluation-help.ts';
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
        describe: `What to ask, names with commas: ${TASK_NAMES.join(', ')}`,
      })
      .option('data', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [],
        describe:
          'TASK=PATH: where the questions of a task are, a file, a folder or an id of the hub; may be given several times',
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
        describe: 'ISO 639-1 codes with commas, such as es,ko; all that a task has by default',
      })
      .option('limit', {
        type: 'number',
        requiresArg: true,
        describe: 'Items of each language at most; all by default',
      })
      .option('shots', {
        type: 'number',
        requiresArg: true,
        default: 0,
        describe: 'Solved examples before each question',
      })
      .option('scoring', {
        choices: ['letters', 'text'] as const,
        requiresArg: true,
        describe: 'What is scored: the letters of the options, or their texts; by default what the task says',
      })
      .option('prompt', {
        choices: ['paper', 'lm_eval', 'question', 'plain'] as const,
        requiresArg: true,
        describe:
          'paper and lm_eval list the options under letters, question and plain do not show them; paper for letters, question for texts by default',
      })
      .option('metric', {
        choices: ['sum', 'tokens', 'bytes', 'pmi'] as const,
        default: 'sum' as const,
        requiresArg: true,
        describe: METRIC_HELP,
      })
      .option('chat', { type: 'boolean', default: false, describe: 'Ask in the chat template' })
      .option('seed', {
        type: 'number',
        requiresArg: true,
        default: 42,
        describe: 'Of the order of options, of splits and of intervals',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe:
          'Folder of the results, eval/MODEL-TASKS by default; one of the same evaluation is gone on with',
      })
      .option('token-budget', {
        type: 'number',
        requiresArg: true,
        default: 4096,
        describe: 'Tokens of a pass: memory and speed',
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
      .example('$0 eval runs/lab --tasks toy --limit 20', 'A trained model on the questions made here')
      .example('$0 eval runs/lab --tasks mcq --data mcq=my.jsonl', 'Questions of your own')
      .example(
        "$0 eval runs/lab --tasks toy --steer 'vectors/en@2*1'",
        'Under steering',
      ) as unknown as Argv<EvalArgs>,
  async handler(args) {
    const { evaluateModel } = await import('../evaluate.ts');
    await evaluateModel(args);
  },
};
