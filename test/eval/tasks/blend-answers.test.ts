import { describe, expect, it } from 'vitest';
import {
  type Answer,
  chooseOptions,
  englishKey,
  localForm,
  localWords,
} from '../../../src/eval/tasks/blend-answers.ts';

const answer = (local: string | string[], english: string | string[], count = 1): Answer => ({
  answers: [local].flat(),
  en_answers: [english].flat(),
  count,
});
const words = new Map(['apple', 'bread', 'rice', 'soup', 'tea'].map((word) => [word, `la ${word}`]));
const choose = (own: Answer[], others: [string, Answer[]][], key = 'k') =>
  chooseOptions({ region: 'Spain', language: 'es', own, others, words, key });

describe('what people answered', () => {
  it('is the same in English whatever its article, number and marks', () => {
    expect(englishKey(' The Apples!')).toBe('apple');
    expect(englishKey('glass')).toBe('glass');
    expect(englishKey('18:00')).toBe('18:00');
  });

  it('is in the language if it is in its script, or a number', () => {
    expect(localForm(['kimchi', '김치'], 'ko')).toBe('김치');
    expect(localForm(['18:00'], 'ko')).toBe('18:00');
    expect(localForm(['kimchi'], 'ko')).toBeUndefined();
    expect(localForm(['pan, queso, jamón, aceite y vino', 'pan'], 'es')).toBe('pan');
  });

  it('has the word that most people use', () => {
    const questions = [
      [answer('manzanita', 'apple', 1), answer('manzana', 'apples', 2)],
      [answer('manzanita', 'apple', 3)],
    ];
    expect(localWords(questions, 'es')).toEqual(new Map([['apple', 'manzanita']]));
  });
});

describe('options of a question', () => {
  const own = [answer('pan', 'toast', 3), answer('fruta', 'fruit', 1)];

  it('are the most voted answer, and three of other regions in words of this one', () => {
    const options = choose(own, [
      ['US', [answer('apples', 'apples', 4)]],
      ['China', [answer('米饭', 'rice', 4), answer('面包', 'bread', 1)]],
      ['Greece', [answer('σούπα', 'soup', 2)]],
    ]);
    expect(options[0]).toEqual({ local: 'pan', english: 'toast', region: 'Spain' });
    expect(new Set((options as { local: string }[]).map(({ local }) => local))).toEqual(
      new Set(['pan', 'la apple', 'la rice', 'la soup']),
    );
  });

  it('take lower votes where the highest do not suffice, and never what people here answered too', () => {
    const options = choose(own, [
      ['US', [answer('fruit', 'Fruits', 9), answer('apple', 'apple', 1)]],
      ['China', [answer('x', 'unknown word', 9), answer('米饭', 'rice', 1)]],
      ['Greece', [answer('τσάι', 'tea', 9)]],
    ]);
    expect((options as { english: string }[]).map(({ english }) => english).sort()).toEqual([
      'apple',
      'rice',
      'tea',
      'toast',
    ]);
  });

  it('have one answer of the United States or Kingdom where others suffice', () => {
    const others: [string, Answer[]][] = [
      ['US', [answer('a', 'apple')]],
      ['UK', [answer('b', 'bread')]],
      ['China', [answer('c', 'rice')]],
      ['Greece', [answer('d', 'soup')]],
      ['Algeria', [answer('e', 'tea')]],
    ];
    for (const key of ['1', '2', '3']) {
      const regions = (choose(own, others, key) as { region: string }[]).map(({ region }) => region);
      expect(regions.filter((region) => region === 'US' || region === 'UK')).toEqual(['US']);
    }
    const few = choose(own, others.slice(0, 3)) as { region: string }[];
    expect(few.map(({ region }) => region).sort()).toEqual(['China', 'Spain', 'UK', 'US']);
  });

  it('are never part of the right answer, nor have it in them', () => {
    const toast = new Map([...words, ['toasted thing', 'pan tostado'], ['thing', 'pa']]);
    const others: [string, Answer[]][] = [
      ['US', [answer('x', 'toasted thing', 3), answer('a', 'apple')]],
      ['China', [answer('y', 'thing', 3), answer('c', 'rice')]],
      ['Greece', [answer('d', 'soup')]],
    ];
    const options = chooseOptions({ region: 'Spain', language: 'es', own, others, words: toast, key: 'k' });
    expect((options as { local: string }[]).map(({ local }) => local).sort()).toEqual([
      'la apple',
      'la rice',
      'la soup',
      'pan',
    ]);
  });

  it.each([
    ['nobody answered', [], /nobody answered/],
    ['the answer has no form in the language', [answer('', 'x', 2)], /no form in the language/],
    ['others answered the same', own, /fewer than three answers/],
  ])('are none where %s', (_, answers, why) => {
    expect(choose(answers, [['US', [answer('toast', 'toast')]]])).toMatch(why);
  });
});
