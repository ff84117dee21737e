import { describe, expect, it } from 'vitest';
import type { TaskRequest } from '../../../src/eval/ask.ts';
import { axesOf, inForm } from '../../../src/eval/study/axes.ts';

const tasks = (...names: string[]): TaskRequest[] => names.map((name) => ({ name, options: {} }));
const TOLD = { universal: null, cultural: null };
const names = (given: TaskRequest[], chosen = TOLD as Parameters<typeof axesOf>[1]) => {
  const { universal, cultural } = axesOf(given, chosen);
  return [universal.name, cultural.name];
};

describe('the axes of a study', () => {
  it('are the universal and the cultural task, in whichever order they are named', () => {
    expect(names(tasks('blend_annotations', 'bmlama'))).toEqual(['bmlama', 'blend_annotations']);
    // Of no kind: universal, where nothing else is.
    expect(names(tasks('mcq', 'toy_culture'))).toEqual(['mcq', 'toy_culture']);
  });

  it('of toy alone are toy and toy_culture', () => {
    expect(names(tasks('toy'))).toEqual(['toy', 'toy_culture']);
  });

  it('leave the form of the cultural questions to the study, which asks both', () => {
    const [plain] = tasks('blend');
    const { cultural } = axesOf([...tasks('gmmlu'), inForm(plain!, 'decontextualized')], TOLD);
    expect(cultural.options).toEqual({});
    expect(() => axesOf([...tasks('gmmlu'), inForm(plain!, 'contextualized')], TOLD)).toThrow(
      'its option form must be decontextualized or left out, found contextualized',
    );
  });

  it('are refused with all that is wrong', () => {
    expect(() => names(tasks('bmlama'))).toThrow(
      'steering needs a cultural task, such as blend, blend_annotations, toy_culture, among the tasks: bmlama',
    );
    expect(() => names(tasks('bmlama', 'gmmlu', 'blend'))).toThrow('which task is universal? name one by');
    expect(names(tasks('bmlama', 'blend'), { universal: 'bmlama', cultural: null })).toEqual([
      'bmlama',
      'blend',
    ]);
    expect(() => names(tasks('bmlama', 'gmmlu', 'blend'), { universal: 'bmlama', cultural: null })).toThrow(
      'gmmlu is neither axis of the plane: steering asks bmlama and blend',
    );
    expect(() => names(tasks('bmlama', 'blend'), { universal: 'bmlma', cultural: 'toy' })).toThrow(
      /steering.cultural_task must be one of the tasks, bmlama, blend; found toy\n.*found bmlma/s,
    );
    expect(() => names(tasks('toy', 'mcq'), { universal: 'toy', cultural: 'mcq' })).toThrow(
      'mcq does not ask its questions without their country, as localization needs',
    );
  });
});
