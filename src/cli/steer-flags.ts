/** Options that steer a model, the same for every verb that runs one. */
import type { Options } from 'yargs';
import type { SteeredTokens } from '../steering/vector.ts';

/** What yargs finds of them. */
export interface SteerArgs {
  steer: readonly string[];
  steerTokens?: SteeredTokens;
  steerAnyWeights: boolean;
}

/** For yargs. */
export const STEER_FLAGS: Readonly<Record<string, Options>> = {
  steer: {
    type: 'string',
    array: true,
    nargs: 1,
    default: [],
    describe:
      'FILE@LAYER*GAMMA: add a steering vector (`steer extract` makes them), times gamma, to the output of that layer, counted from 0; or the folder of `eval --steering`, which says all of that; may be given several times, and all add up',
  },
  'steer-tokens': {
    choices: ['prompt_end', 'everywhere'],
    requiresArg: true,
    describe:
      'Which tokens it is added to, as the file says by default: from the last of the prompt on, or all',
  },
  'steer-any-weights': {
    type: 'boolean',
    default: false,
    describe: 'Steer by vectors of other weights as well, if the model has the same shape',
  },
};
