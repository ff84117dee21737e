import type { CommandModule } from 'yargs';
import { steerExport } from './steer-export.ts';
import { steerExtract } from './steer-extract.ts';
import { steerImport } from './steer-import.ts';
import { steerShow } from './steer-show.ts';
import { steerVerify } from './steer-verify.ts';

/** What can be done with steering vectors, in the order of `--help`. */
const verbs = [steerExtract, steerShow, steerVerify, steerExport, steerImport] as unknown as CommandModule[];

/** `isogloss steer VERB` */
export const steer: CommandModule = {
  command: 'steer',
  describe: 'Steering vectors: make, look at and check them, take them to other tools and back',
  builder: (y) => y.command(verbs).demandCommand(1, 'steer what?'),
  handler() {},
};
