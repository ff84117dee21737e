/** The words of a command line before and after yargs has sorted them: what it would lose or misread of them. */
import { type Problem, UserError } from '../errors.ts';
import { nearest } from '../eval/tasks/nearest.ts';

/** A word that yargs cannot take for an option, in place of the `i`-th behind `--`. */
const standIn = (i: number): string => `\0${i}`;

/** Words for yargs, and how to put back into what it made of them those it must not look at. */
export interface Words {
  words: string[];
  /** The same in a message. */
  original(text: string): string;
  restore(args: Record<string, unknown>): void;
}

/**
 * Lets what stands behind `--` be arguments like those before it: yargs leaves such words out of a command's
 * arguments.
 */
export function literalWords(given: readonly string[]): Words {
  const end = given.indexOf('--');
  if (end === -1) return { words: [...given], original: (text) => text, restore: () => {} };
  const literal = given.slice(end + 1);
  const original = (text: string): string => text.replaceAll(/\0(\d+)/g, (_, i) => literal[Number(i)]!);
  return {
    words: [...given.slice(0, end), ...literal.map((_, i) => standIn(i))],
    original,
    restore(args) {
      const put = (value: unknown) => (typeof value === 'string' ? original(value) : value);
      for (const [key, value] of Object.entries(args))
        args[key] = Array.isArray(value) ? value.map(put) : put(value);
    },
  };
}

/** Options and arguments that take a list; of every other one, two are a mistake. */
const LISTS = new Set([
  '_',
  'stop',
  'overrides',
  'recipes',
  'data',
  'set',
  'steer',
  'results',
  'baseline',
  'floor',
]);

/** @throws UserError for options that are given twice, of which one would win in silence */
export function requireOnce(args: Record<string, unknown>): void {
  // yargs lists `max-new-tokens` as `maxNewTokens`, too.
  const twice = Object.keys(args).filter(
    (key) => Array.isArray(args[key]) && !LISTS.has(key) && !/[A-Z]/.test(key),
  );
  if (twice.length > 0)
    throw new UserError(twice.map((key) => ({ message: `--${key} is given more than once` })));
}

/** Commands that are groups of commands. */
const GROUPS = new Set(['steer']);

/** The command as it was typed: of a group with the one in it. */
function commandOf(words: readonly string[]): string {
  const [first = '', second] = words.filter((word) => !word.startsWith('-'));
  return GROUPS.has(first) && second !== undefined ? `${first} ${second}` : first;
}

/** What yargs rejects, in the words of every other error here; `words` is the command line. */
export function usageError(message: string, words: readonly string[]): Problem {
  const command = commandOf(words);
  const near = /^Did you mean (.+)\?$/.exec(message)?.[1];
  const group = command.split(' ').slice(0, -1);
  if (near) return { message: `there is no command ${command}`, hint: [...group, near].join(' ') };
  if (message.startsWith('Not enough non-option arguments')) {
    return { message: `${command} needs more than that; see isogloss ${command} --help` };
  }
  const bare = /^Not enough arguments following: (.+)$/.exec(message)?.[1];
  if (bare) return { message: `--${bare} needs a value; one that begins with - is written --${bare}=-...` };
  const missing = /^Missing required arguments?: (.+)$/.exec(message)?.[1];
  if (missing) {
    const options = missing.split(', ').map((name) => `--${name}`);
    return {
      message: `${command} needs ${options.join(' and ')}; see isogloss ${command} --help`,
    };
  }
  const isDashed = (word: string) => word.startsWith('-') && /\s/.test(word) && !word.includes('=');
  const dashed = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined).find(isDashed);
  if (dashed) {
    const message = `${JSON.stringify(dashed)} begins with -, as options do; behind -- it is text`;
    return { message: `${message}: isogloss ${command} .. -- ${JSON.stringify(dashed)}` };
  }
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1];
  if (unknown?.split(', ')[0] === command.split(' ').at(-1)) {
    return { message: `there is no command ${command}; see isogloss ${[...group, '--help'].join(' ')}` };
  }
  if (unknown && words.includes(unknown.split(', ')[0]!)) {
    return { message: `${unknown} is more than ${command} takes; a text of several words goes in quotes` };
  }
  if (unknown) return { message: `there is no option --${unknown}; see isogloss ${command} --help` };
  const choice = /Argument: ([\w-]+), Given: ("[^"]*"|\S+), Choices: (.+)$/m.exec(message);
  if (choice) {
    const [option, found, choices] = choice.slice(1) as [string, string, string];
    const known = [...choices.matchAll(/"([^"]*)"/g)].map((match) => match[1]!);
    const near = nearest(found.replaceAll('"', ''), known);
    return {
      message: `--${option} must be ${known.join(', ')}; found ${found}`,
      ...(near === undefined ? {} : { hint: near }),
    };
  }
  return { message: `${message.replaceAll('\n', ' ')}; see isogloss --help` };
}
