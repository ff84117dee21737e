import type { CommandModule } from 'yargs';
import { steerExport } from './steer-export.ts';
import { steerImport } from './steer-import.ts';

/** What can be done with steering vectors, in the order of `--help`. */
const verbs = [steerExport, steerImport] as unknown as CommandModule[];

/** `isogloss steer VERB` */
export const steer: CommandModule = {
  command: 'steer',
  describe: 'Steering vectors: to files of other tools and back',
  builder: (y) => y.command(verbs).demandCommand(1, 'steer what?'),
  handler() {},
};
