import { describe, expect, it } from 'vitest';
import { decontextualize, decontextualizeEnglish } from '../../../src/eval/tasks/decontextualize.ts';

describe('a question without its country', () => {
  it.each([
    ['Spain', '¿Cuál es la fruta más popular en España?', '¿Cuál es la fruta más popular?'],
    ['Spain', '¿En España, qué se come?', '¿Qué se come?'],
    ['Indonesia', 'Di Indonesia, apa makanan populer?', 'Apa makanan populer?'],
    ['Indonesia', 'Apa yang dimakan orang Indonesia di pagi hari?', 'Apa yang dimakan orang di pagi hari?'],
    ['South_Korea', '대한민국에서 인기 있는 과일은 무엇인가요?', '인기 있는 과일은 무엇인가요?'],
    ['Greece', 'Ποιο είναι το πιο δημοφιλές φρούτο στην Ελλάδα;', 'Ποιο είναι το πιο δημοφιλές φρούτο;'],
    ['China', '在中国，最受欢迎的水果是什么？', '最受欢迎的水果是什么？'],
    ['Algeria', 'ما هي الفاكهة الأكثر شعبية في الجزائر؟', 'ما هي الفاكهة الأكثر شعبية؟'],
  ])('in the language of %s: %s', (region, question, expected) => {
    expect(decontextualize(question, region)).toBe(expected);
  });

  it('in English', () => {
    const question = 'What is the most popular fruit in South Korea?';
    expect(decontextualizeEnglish(question, 'South_Korea', 'South Korea')).toBe(
      'What is the most popular fruit?',
    );
    expect(decontextualizeEnglish('In Spain, what is eaten?', 'Spain', 'Spain')).toBe('What is eaten?');
  });

  it.each([
    ['names people by it', 'Spain', '¿Qué comen los españoles en España?'],
    ['has it for a subject', 'South_Korea', '한국 사람들은 무엇을 먹나요?'],
    ['does not name it', 'Greece', 'Ποιο είναι το πιο δημοφιλές φρούτο;'],
    ['is of a region without rules', 'Iran', 'What?'],
    // A word that goes on behind the country's name is another word.
    ['names something called alike', 'Greece', 'Τι κάνουν στην Ελλάδαςα;'],
  ])('is none where it %s', (_, region, question) => {
    expect(decontextualize(question, region)).toBeUndefined();
  });

  it.each(['What do Spanish people eat in Spain?', "What is eaten in Spain's north?", 'What is Spain?'])(
    'is none in English: %s',
    (question) => {
      expect(decontextualizeEnglish(question, 'Spain', 'Spain')).toBeUndefined();
    },
  );
});
