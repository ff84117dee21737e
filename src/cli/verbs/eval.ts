import type { Argv, CommandModule } from 'yargs';
import { type EvalArgs, evalFlags } from '../eval-flags.ts';
import { STEER_FLAGS } from '../steer-flags.ts';

/** `isogloss eval MODEL|RECIPE [key=value ..]` */
export const evalVerb: CommandModule<object, EvalArgs> = {
  command: 'eval <model> [overrides..]',
  describe: 'Ask a model questions with options, and count what it gets right',
  builder: (y) =>
    y
      .positional('model', {
        type: 'string',
        demandOption: true,
        describe:
          'A Hugging Face directory, a .gguf file, the folder of a run, an id of the hub, or tiny; or the recipe of an evaluation',
      })
      .positional('overrides', {
        type: 'string',
        array: true,
        default: [],
        describe: 'key=value sets a field of the recipe, ~key takes one out',
      })
      .options(evalFlags())
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
      .options(STEER_FLAGS)
      .example('$0 eval runs/lab --tasks toy --limit 20', 'A trained model on the questions made here')
      .example('$0 eval recipes/eval/toy.yaml limit=20', 'The same as a recipe')
      .example('$0 eval runs/lab --tasks mcq --data mcq=my.jsonl', 'Questions of your own')
      .example("$0 eval runs/lab --tasks toy --steer 'vectors/en@2*1'", 'Under steering')
      .example(
        '$0 eval runs/lab --steering sur',
        'Vectors made, placed and reported beside controls',
      ) as unknown as Argv<EvalArgs>,
  async handler(args) {
    const { evaluateModel } = await import('../evaluate.ts');
    await evaluateModel(args);
  },
};
