/** The words of a command line before and after yargs has sorted them: what it would lose or misread of them. */
import { type Problem, UserError } from '../errors.ts';

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
const LISTS = new Set(['_', 'stop', 'overrides', 'recipes', 'data', 'set', 'results', 'baseline', 'floor']);

/** @throws UserError for options that are given twice, of which one would win in silence */
export function requireOnce(args: Record<string, unknown>): void {
  // yargs lists `max-new-tokens` as `maxNewTokens`, too.
  const twice = Object.keys(args).filter(
    (key) => Array.isArray(args[key]) && !LISTS.has(key) && !/[A-Z]/.test(key),
  );
  if (twice.length > 0)
    throw new UserError(twice.map((key) => ({ message: `--${key} is given more than once` })));
}

/** What yargs rejects, in the words of every other error here; `words` is the command line. */
export function usageError(message: string, words: readonly string[]): Problem {
  const command = words.find((word) => !word.startsWith('-')) ?? '';
  const near = /^Did you mean (.+)\?$/.exec(message)?.[1];
  if (near) return { message: `there is no command ${command}`, hint: near };
  if (message.startsWith('Not enough non-option arguments')) {
    return { message: `${command} needs more than that; see isogloss ${command} --help` };
  }
  const bare = /^Not enough arguments following: (.+)$/.exec(message)?.[1];
  if (bare) return { message: `--${bare} needs a value; one that begins with - is written --${bare}=-...` };
  const isDashed = (word: string) => word.startsWith('-') && /\s/.test(word) && !word.includes('=');
  const dashed = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined).find(isDashed);
  if (dashed) {
    const message = `${JSON.stringify(dashed)} begins with -, as options do; behind -- it is text`;
    return { message: `${message}: isogloss ${command} .. -- ${JSON.stringify(dashed)}` };
  }
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1];
  if (unknown?.split(', ')[0] === command) {
    return { message: `there is no command ${command}; see isogloss --help` };
  }
  if (unknown && words.includes(unknown.split(', ')[0]!)) {
    return { message: `${unknown} is more than ${command} takes; a text of several words goes in quotes` };
  }
  if (unknown) return { message: `there is no option --${unknown}; see isogloss ${command} --help` };
  return { message: `${message.replaceAll('\n', ' ')}; see isogloss --help` };
}
