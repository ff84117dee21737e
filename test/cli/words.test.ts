import { describe, expect, it } from 'vitest';
import { literalWords, requireOnce, usageError } from '../../src/cli/words.ts';

describe('what stands behind --', () => {
  it('is seen by no parser of options, and is put back whole', () => {
    const { words, restore } = literalWords(['generate', 'tiny', '--', '- one', '--seed', '7']);
    expect(words.slice(0, 2)).toEqual(['generate', 'tiny']);
    expect(words).toHaveLength(5);
    expect(words.slice(2).some((word) => word.startsWith('-'))).toBe(false);
    const args = { model: words[1], prompt: words[2], rest: words.slice(3), seed: 42 };
    restore(args);
    expect(args).toEqual({ model: 'tiny', prompt: '- one', rest: ['--seed', '7'], seed: 42 });
  });

  it('is spelled in messages as it was typed', () => {
    const { words, original } = literalWords(['generate', '--', 'a', '-b', 'c']);
    expect(original(`Unknown arguments: ${words.slice(2).join(', ')}`)).toBe('Unknown arguments: -b, c');
  });

  it('may be nothing', () => {
    expect(literalWords(['ls']).words).toEqual(['ls']);
    expect(literalWords(['ls', '--']).words).toEqual(['ls']);
  });
});

describe('an option', () => {
  it('that takes one value is refused twice', () => {
    expect(() => requireOnce({ seed: [1, 2], 'top-k': [1, 2], topK: [1, 2], stop: ['a', 'b'] })).toThrow(
      '--seed is given more than once\n--top-k is given more than once',
    );
    expect(() => requireOnce({ seed: 1, stop: ['a', 'b'], overrides: ['a=1'] })).not.toThrow();
  });

  it('without its value is a mistake of use', () => {
    expect(usageError('Not enough arguments following: stop', ['generate', 'tiny', '--stop']).message).toBe(
      '--stop needs a value; one that begins with - is written --stop=-...',
    );
  });

  it('that is needed is asked for by its name', () => {
    expect(usageError('Missing required arguments: model, out', ['steer', 'import', 'a.gguf']).message).toBe(
      'steer import needs --model and --out; see isogloss steer import --help',
    );
  });

  it('that is a text in truth is told how to be one', () => {
    const words = ['generate', 'tiny', '- one'];
    expect(usageError('Unknown arguments: --" ", o, n, e', words).message).toBe(
      '"- one" begins with -, as options do; behind -- it is text: isogloss generate .. -- "- one"',
    );
  });
});

describe('a command of a group', () => {
  it('is named with its group when it is not there, or lacks something', () => {
    expect(usageError('Did you mean export?', ['steer', 'exprot', 'a'])).toEqual({
      message: 'there is no command steer exprot',
      hint: 'steer export',
    });
    expect(usageError('Unknown argument: frobnicate', ['steer', 'frobnicate']).message).toBe(
      'there is no command steer frobnicate; see isogloss steer --help',
    );
    expect(
      usageError('Not enough non-option arguments: got 0, need at least 1', ['steer', 'export']).message,
    ).toBe('steer export needs more than that; see isogloss steer export --help');
  });
});
