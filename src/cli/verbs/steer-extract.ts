import type { Argv, CommandModule } from 'yargs';
import type { ExtractArgs } from '../steer.ts';

/** `isogloss steer extract MODEL` */
export const steerExtract: CommandModule<object, ExtractArgs> = {
  command: 'extract <model>',
  describe: 'Make a vector: what hidden states differ by between two ways to ask the same questions',
  builder: (y) =>
    y
      .positional('model', {
        type: 'string',
        demandOption: true,
        describe: 'A Hugging Face directory, a .gguf file, the folder of a run, an id of the hub, or tiny',
      })
      .option('kind', {
        choices: ['en', 'loc'] as const,
        demandOption: true,
        requiresArg: true,
        describe:
          'en: English minus each language; loc: questions that name the country minus those that do not',
      })
      .option('task', {
        type: 'string',
        requiresArg: true,
        describe: 'What to ask; toy or toy_culture by default',
      })
      .option('data', { type: 'string', requiresArg: true, describe: 'Where the questions of the task are' })
      .option('set', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [],
        describe: 'OPTION=VALUE: an option of the task; may be given several times',
      })
      .option('languages', {
        type: 'string',
        requiresArg: true,
        describe: 'es,ko: of all that the task has but English by default',
      })
      .option('position', {
        choices: ['last', 'mean', 'answer'] as const,
        default: 'last' as const,
        requiresArg: true,
        describe:
          'Where it is read: the last token of the prompt, the mean over it, or the right answer behind it',
      })
      .option('steer-tokens', {
        choices: ['prompt_end', 'everywhere'] as const,
        default: 'prompt_end' as const,
        requiresArg: true,
        describe: 'What it is added to unless told otherwise: tokens from the last of the prompt on, or all',
      })
      .option('split-by', {
        choices: ['question', 'item'] as const,
        default: 'question' as const,
        requiresArg: true,
        describe: 'Whether variants of a question stay together in one part',
      })
      .option('dev1', {
        type: 'number',
        requiresArg: true,
        default: 100,
        describe: 'Items of each language that it is made of, at most',
      })
      .option('dev2', {
        type: 'number',
        requiresArg: true,
        default: 100,
        describe: 'Items of each language that are kept for choosing a layer',
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
        describe: 'Letters of the options or their texts; as the task says by default',
      })
      .option('prompt', {
        choices: ['paper', 'lm_eval', 'question', 'plain'] as const,
        requiresArg: true,
        describe: 'paper (letters) or question (text) by default',
      })
      .option('chat', { type: 'boolean', default: false, describe: 'In the chat template' })
      .option('seed', { type: 'number', requiresArg: true, default: 42, describe: 'Of the split' })
      .option('out', {
        type: 'string',
        requiresArg: true,
        demandOption: true,
        describe: 'The vector: NAME for NAME.safetensors and NAME.json',
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
      .example('$0 steer extract runs/lab --kind en --out vectors/en', '')
      .example(
        '$0 steer extract google/gemma-3-270m --kind loc --task blend_annotations --out vectors/loc',
        '',
      ) as unknown as Argv<ExtractArgs>,
  async handler(args) {
    const { extractToFile } = await import('../steer.ts');
    await extractToFile(args);
  },
};
