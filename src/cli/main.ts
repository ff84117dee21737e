/**
 * The command line. One file a verb, in verbs/; what a verb needs is imported when it runs, so that `ls` does not load
 * TensorFlow.js.
 *
 * Exit codes: 0 done, 1 a fault of the program, 2 a mistake of the user's, 129, 130 and 143 stopped by a signal
 * after saving.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { UserError } from '../errors.ts';
import { packageRoot } from '../paths.ts';
import { reportError } from './report.ts';
import { verbs } from './verbs/index.ts';
import { literalWords, requireOnce, usageError } from './words.ts';

const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
  version: string;
};

// A reader that has seen enough (`| head`) closes the pipe: that is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

// A terminal that has been closed (SIGHUP) takes no more lines; what is being saved is worth more than they are.
process.stderr.on('error', () => {});

const given = hideBin(process.argv);
const { words, original, restore } = literalWords(given);
try {
  await yargs(words)
    .scriptName('isogloss')
    .usage(
      '$0 <command>\n\nTrains cross-lingual alignment on Gemma 3 and measures what it gains and what it erases.',
    )
    .command(verbs)
    .demandCommand(1, 'which command?')
    .strict()
    .recommendCommands()
    // `name=007` is text, and `a.b=1` is not a nested option.
    .parserConfiguration({ 'parse-positional-numbers': false, 'dot-notation': false })
    .version(version)
    .help()
    .alias('help', 'h')
    .wrap(process.stdout.isTTY ? Math.min(100, process.stdout.columns ?? 80) : 100)
    .exitProcess(false)
    .middleware((args) => {
      restore(args);
      requireOnce(args);
    })
    .fail((message, error) => {
      // yargs' own errors are of how it was called.
      if (error && error.name !== 'YError') throw error;
      throw new UserError(usageError(original(error?.message ?? message), given));
    })
    .parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}
