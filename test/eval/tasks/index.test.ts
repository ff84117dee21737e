import { describe, expect, it } from 'vitest';
import { findTask, TASKS } from '../../../src/eval/tasks/index.ts';
import { countOption, taskLanguages, taskOptions } from '../../../src/eval/tasks/options.ts';

describe('a task', () => {
  it('is found by its name', () => {
    for (const task of TASKS) expect(findTask(task.name)).toBe(task);
  });

  it.each([
    ['gmlu', 'gmmlu'],
    ['GMMLU', 'gmmlu'],
    ['gmmlu-lite', 'gmmlu_lite'],
    ['blend-annotation', 'blend_annotations'],
    ['bmlam', 'bmlama'],
  ])('called %s is %s by the nearest name', (name, hint) => {
    expect(() => findTask(name)).toThrow(`there is no task ${name}; there are gmmlu, `);
    expect(() => findTask(name)).toThrow(`Did you mean ${hint}?`);
  });

  it('that is called like none is refused without a guess', () => {
    expect(() => findTask('hellaswag')).toThrow(/there is no task hellaswag(?!.*Did you mean)/);
  });

  it('has a name of its own, and defaults that it allows', () => {
    expect(new Set(TASKS.map(({ name }) => name)).size).toBe(TASKS.length);
    for (const { options = {} } of TASKS)
      for (const { values, default: value } of Object.values(options))
        expect(values ?? [value]).toContain(value);
  });
});

describe("a task's options", () => {
  const blend = findTask('blend');

  it('have their defaults', () => {
    expect(taskOptions(blend, { variants: '1' })).toEqual({
      variants: '1',
      form: 'contextualized',
      bad_rows: 'refuse',
    });
  });

  it('are refused under other names, and with other values, all at once', () => {
    expect(() => taskOptions(blend, { variant: '1', form: 'decontextualised' })).toThrow(
      /no option variant; it has variants, form, bad_rows. Did you mean variants\?\nform of blend must be .*Did you mean decontextualized\?/,
    );
  });

  it('that count are whole numbers or all', () => {
    expect(countOption('t', 'n', '12')).toBe(12);
    expect(countOption('t', 'n', 'all')).toBe(Number.POSITIVE_INFINITY);
    for (const value of ['0', '-1', '1.5', 'x', ''])
      expect(() => countOption('t', 'n', value)).toThrow(
        'n of t must be a whole number of at least 1, or all',
      );
  });
});

describe("a task's languages", () => {
  it('are ISO 639-1, however they are spelled', () => {
    expect(taskLanguages('t', ['spa_Latn', 'Korean', 'en'])).toEqual(['es', 'ko', 'en']);
  });

  it('are refused where they are none, none of the task, or twice the same', () => {
    expect(() => taskLanguages('gmmlu', ['q', 'es', 'spa', 'ca'], ['en', 'es'])).toThrow(
      /q is no language's code.*\nthe languages es and spa are the same.*\ngmmlu is not in ca; it is in en, es/,
    );
    expect(() => taskLanguages('gmmlu', ['Spanissh'], ['en', 'es'])).toThrow('Did you mean es?');
  });
});
