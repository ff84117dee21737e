import { describe, expect, it } from 'vitest';
import type { Item } from '../../../src/eval/item.ts';
import { intersect } from '../../../src/eval/tasks/intersect.ts';

const item = (language: string, id: string, region = ''): Item => ({
  id,
  language,
  question: 'q',
  options: ['a', 'b'],
  gold: 0,
  cluster: id,
  metadata: { region },
  doc: {},
  place: { file: 'q.jsonl', line: 1 },
});

describe('questions of several languages', () => {
  it('are those whose ids all have, and the others are counted by language', () => {
    const items = [item('es', '1'), item('es', '2'), item('ko', '2'), item('ko', '3'), item('ko', '4')];
    const { items: kept, notes } = intersect(items, ['es', 'ko'], 'q');
    expect(kept.map(({ language, id }) => language + id)).toEqual(['es2', 'ko2']);
    expect(notes).toEqual([
      'es: 1 of 2 questions are left out, absent in ko',
      'ko: 2 of 3 questions are left out, absent in es',
    ]);
  });

  it('are asked of the languages of their own group alone', () => {
    const items = [
      item('es', 'S/1', 'S'),
      item('en', 'S/1', 'S'),
      item('ko', 'K/1', 'K'),
      item('en', 'K/2', 'K'),
      item('en', 'K/1', 'K'),
    ];
    const { items: kept } = intersect(items, ['en', 'es', 'ko'], 'q', ({ metadata }) => metadata.region!);
    expect(kept.map(({ language, id }) => `${language} ${id}`)).toEqual([
      'es S/1',
      'en S/1',
      'ko K/1',
      'en K/1',
    ]);
  });

  it('are refused where none is left, or a language has none', () => {
    expect(() => intersect([item('es', '1'), item('ko', '2')], ['es', 'ko'], 'q')).toThrow(
      'q: no id of a question is there in all of es, ko',
    );
    expect(() => intersect([item('es', '1')], ['es', 'ko'], 'q')).toThrow('q: has no question in ko');
  });
});
