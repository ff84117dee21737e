/**
 * A training process to be killed: `node driver.mjs train CWD OVERRIDE..` or `node driver.mjs resume CWD`, with the
 * run in CWD/run. Prints a line for each step and for what is measured before the first; ends as the command line would.
 */
import { join } from 'node:path';
import { UserError } from '../../src/errors.ts';
import { Interrupted } from '../../src/runs/interrupt.ts';
import { resumeRun, train } from '../../src/trainers/run.ts';
import { recipe, recorder } from './tiny-run.ts';

const [verb, cwd, ...overrides] = process.argv.slice(2) as [string, string, ...string[]];
const progress = recorder(([event, metrics]) => {
  if (event === 'message' && /^(measuring|reference)/.test(metrics)) process.stdout.write(`${metrics}\n`);
  if (event === 'step') process.stdout.write(`step ${metrics.global_step}\n`);
  if (event === 'start') process.stdout.write(`start ${metrics.startStep}\n`);
});
try {
  if (verb === 'train') await train(recipe('out=run', ...overrides), { cwd, progress });
  else await resumeRun(join(cwd, 'run'), overrides, { cwd, progress });
  process.stdout.write('done\n');
} catch (error) {
  if (!(error instanceof UserError || error instanceof Interrupted)) throw error;
  process.stdout.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
}
