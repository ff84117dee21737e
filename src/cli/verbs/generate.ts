import type { Argv, CommandModule } from 'yargs';
import type { GenerateArgs } from '../generate.ts';
import { STEER_FLAGS } from '../steer-flags.ts';

/** `isogloss generate MODEL [PROMPT|-]` */
export const generate: CommandModule<object, GenerateArgs> = {
  command: 'generate <model> [prompt]',
  describe: 'Continue a text, or answer in a chat',
  // yargs' types do not know that it hands out `max-new-tokens` as `maxNewTokens`, too.
  builder: (y) =>
    y
      .positional('model', {
        type: 'string',
        demandOption: true,
        describe: 'A Hugging Face directory, a .gguf file, the folder of a run, an id of the hub, or tiny',
      })
      .positional('prompt', { type: 'string', describe: 'The text; - or nothing reads stdin' })
      .option('prompts', {
        type: 'string',
        requiresArg: true,
        describe: 'A file with a prompt a line; prints a line of JSON for each',
      })
      .option('chat', {
        type: 'boolean',
        default: false,
        describe: 'In the chat template; ends with the turn',
      })
      .option('system', {
        type: 'string',
        requiresArg: true,
        describe: 'With --chat: what the model is told before the prompt',
      })
      .option('max-new-tokens', {
        type: 'number',
        requiresArg: true,
        default: 128,
        describe: 'Tokens to generate at most',
      })
      .option('temperature', {
        type: 'number',
        requiresArg: true,
        default: 0,
        describe: '0 always takes the likeliest token',
      })
      .option('top-k', {
        type: 'number',
        requiresArg: true,
        default: 0,
        describe: 'Draw from the k likeliest tokens; 0 from all',
      })
      .option('top-p', {
        type: 'number',
        requiresArg: true,
        default: 1,
        describe: 'Draw from the likeliest tokens that reach this probability',
      })
      .option('seed', { type: 'number', requiresArg: true, default: 42, describe: 'Of what is drawn' })
      .option('stop', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [],
        describe: 'End before this text; may be given several times',
      })
      .option('batch-size', {
        type: 'number',
        requiresArg: true,
        default: 8,
        describe: 'With --prompts: read so many together',
      })
      .option('tokenizer', {
        type: 'string',
        requiresArg: true,
        describe: 'Another tokenizer: directory, file, or id of the hub',
      })
      .option('backend', {
        requiresArg: true,
        choices: ['auto', 'torch', 'tensorflow', 'wasm'] as const,
        default: 'auto' as const,
        describe: 'What computes',
      })
      .option('compute', {
        requiresArg: true,
        choices: ['auto', 'float32', 'bfloat16'] as const,
        default: 'auto' as const,
        describe: 'Number type of matrix products',
      })
      .option('storage', {
        requiresArg: true,
        choices: ['float32', 'bfloat16'] as const,
        default: 'float32' as const,
        describe: 'Number type that weights are kept in',
      })
      .option('device', {
        type: 'string',
        requiresArg: true,
        default: 'auto',
        describe: 'cpu, cuda or cuda:N',
      })
      .option('threads', {
        type: 'number',
        requiresArg: true,
        describe: 'Threads to compute with; one a core by default',
      })
      .options(STEER_FLAGS)
      .option('steering', {
        choices: ['en', 'loc', 'sur'] as const,
        requiresArg: true,
        describe: 'With --steer FOLDER: the part of its steps that acts; all by default',
      })
      .option('steer-language', {
        type: 'string',
        requiresArg: true,
        describe: 'With --steer: whose vector of a file, such as es; not needed where there is one',
      })
      .option('quiet', { type: 'boolean', default: false, describe: 'Nothing on stderr but errors' })
      .example('$0 generate runs/lab "hello"', '')
      .example(
        '$0 generate gemma.gguf --chat --temperature 1 --top-p 0.95 < question.txt',
        '',
      ) as unknown as Argv<GenerateArgs>,
  async handler(args) {
    const [{ generateText }, { EXIT_CODES }] = await Promise.all([
      import('../generate.ts'),
      import('../../runs/index.ts'),
    ]);
    // yargs hands out a lone `-` as an empty text.
    const isDash = args.prompt === '' && process.argv.includes('-');
    const signal = await generateText(isDash ? { ...args, prompt: '-' } : args);
    if (signal !== undefined) process.exitCode = EXIT_CODES[signal];
  },
};
