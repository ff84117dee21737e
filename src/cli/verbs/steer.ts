import type { CommandModule } from 'yargs';
import { steerExtract } from './steer-extract.ts';
import { steerShow } from './steer-show.ts';
import { steerVerify } from './steer-verify.ts';

/** What can be done with steering vectors, in the order of `--help`. */
const verbs = [steerExtract, steerShow, steerVerify] as unknown as CommandModule[];

/** `isogloss steer VERB` */
export const steer: CommandModule = {
  command: 'steer',
  describe: 'Steering vectors: make, look at and check them',
  builder: (y) => y.command(verbs).demandCommand(1, 'steer what?'),
  handler() {},
};
