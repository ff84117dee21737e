import { describe, expect, it } from 'vitest';
import { type Draft, goldOf, ItemChecks } from '../../../src/eval/tasks/check.ts';

const draft = (changes: Partial<Draft> = {}): Draft => ({
  id: '1',
  language: 'es',
  question: '¿Qué?',
  options: ['uno', 'dos'],
  answer: 1,
  cluster: '1',
  metadata: {},
  doc: {},
  place: { file: 'q.jsonl', line: 3 },
  ...changes,
});

describe('an item', () => {
  it('is its draft with the index of the answer', () => {
    const item = new ItemChecks().add(draft({ answer: 'B' }));
    expect(item).toMatchObject({ id: '1', options: ['uno', 'dos'], gold: 1 });
    expect(item).not.toHaveProperty('answer');
  });

  it.each([
    ['no answer', { answer: undefined }, 'q.jsonl:3: the row has no answer'],
    ['an answer that is blank', { answer: ' ' }, 'q.jsonl:3: the row has no answer'],
    ['a letter beyond the options', { answer: 'C' }, 'q.jsonl:3: answer "C" is not among the options'],
    [
      'an index beyond the options',
      { answer: 2 },
      'q.jsonl:3: answer is 2, which is not among the 2 options',
    ],
    ['an empty option', { options: ['uno', ''] }, 'q.jsonl:3: option B is empty'],
    ['an option that is null', { options: [null, 'dos'] }, 'q.jsonl:3: option A is empty'],
    ['an option of blanks', { options: ['uno', '\u3000'] }, 'q.jsonl:3: option B is empty'],
    [
      'equal options',
      { options: ['uno', 'dos', 'uno '] },
      'q.jsonl:3: option A and option C are equal: "uno "',
    ],
    [
      'options that differ in how é is written',
      { options: ['\u00e9', 'e\u0301'] },
      'A and option B are equal',
    ],
    ['one option', { options: ['uno'] }, 'q.jsonl:3: a question needs two options or more, found 1'],
    [
      'an option that is a list',
      { options: ['uno', ['dos']] },
      'q.jsonl:3: option B must be a text, found a list',
    ],
    ['half of a character', { options: ['uno', '\ud83d'] }, 'q.jsonl:3: option B has half of a character'],
    ['no question', { question: ' ' }, 'q.jsonl:3: the question must be a text, found " "'],
  ])('is refused with its place: %s', (_, changes, message) => {
    const checks = new ItemChecks();
    expect(checks.add(draft(changes))).toBeUndefined();
    expect(() => checks.finish('q.jsonl')).toThrow(message);
  });

  it('is refused under an id that is given before, in the same language alone', () => {
    const checks = new ItemChecks();
    checks.add(draft());
    checks.add(draft({ language: 'ko' }));
    checks.add(draft({ place: { file: 'q.jsonl', line: 9 } }));
    expect(() => checks.finish('q.jsonl')).toThrow(
      'q.jsonl:9: the id "1" is given twice in es: on line 3 and here',
    );
  });

  it('is told of with all others at once', () => {
    const checks = new ItemChecks();
    checks.add(draft({ answer: 7 }));
    checks.add(draft({ id: '2', options: ['', 'x'], place: { file: 'q.jsonl', line: 4 } }));
    expect(() => checks.finish('q.jsonl')).toThrow(/q.jsonl:3: .*\n.*q.jsonl:4: /s);
  });

  it('is left out and counted where that is asked for', () => {
    const checks = new ItemChecks('drop');
    checks.add(draft());
    checks.add(draft({ id: '2', answer: 7, place: { file: 'q.jsonl', line: 8 } }));
    const { items, notes } = checks.finish('q.jsonl');
    expect(items.map(({ id }) => id)).toEqual(['1']);
    expect(notes).toEqual(['rows that cannot be used are left out, 1 of 2: q.jsonl:8']);
  });

  it('must be left: a file of bad rows alone is refused', () => {
    const checks = new ItemChecks('drop');
    checks.add(draft({ answer: 7 }));
    expect(() => checks.finish('q.jsonl')).toThrow(/q.jsonl: has no question that can be used; .*1 of 1/);
  });
});

describe('an answer', () => {
  it.each([
    ['an index', 2, 2],
    ['an index as text', '2', 2],
    ['a letter', 'c', 2],
    ['a text', ' tres', 2],
  ])('is %s', (_, answer, gold) => {
    expect(goldOf(answer, ['uno', 'dos', 'tres'])).toBe(gold);
  });

  it('is a text before it is a sign, where both say the same', () => {
    expect(goldOf('A', ['A', 'B'])).toBe(0);
    expect(goldOf('12', ['10', '12'])).toBe(1);
  });

  it('is refused where a text is one option and the sign of another', () => {
    expect(goldOf('B', ['B', 'A'])).toMatch(/may be option B or the text of option A/);
    expect(goldOf('1', ['1', '2'])).toMatch(/may be option B or the text of option A/);
  });
});
