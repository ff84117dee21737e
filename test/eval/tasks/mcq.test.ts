import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mcq } from '../../../src/eval/tasks/mcq.ts';
import { temporaryFolder } from '../../temporary.ts';

const folder = temporaryFolder();
const read = (
  rows: unknown[] | string,
  languages = ['es'],
  options: Record<string, string> = {},
  name = 'q.jsonl',
) => {
  const text = typeof rows === 'string' ? rows : rows.map((row) => JSON.stringify(row)).join('\n');
  writeFileSync(join(folder.path, name), text);
  return mcq.read({ path: name, languages, cwd: folder.path, seed: 1, options });
};
const row = (changes: object = {}) => ({
  id: 'a',
  lang: 'es',
  question: '¿Cuántos?',
  options: ['uno', 'dos', 'tres'],
  answer: 2,
  ...changes,
});

describe("a user's questions", () => {
  it('have options in a list or by letters, and an answer of any kind', async () => {
    const { items } = await read([
      row({ cluster: 'c', level: 3, hard: true, tags: ['x'] }),
      row({ id: 'b', options: undefined, choices: { A: 'uno', B: 'dos' }, answer: 'B' }),
      row({ id: 7, options: '["uno", "dos"]', answer: 'uno' }),
    ]);
    expect(items.map(({ id, gold, cluster }) => [id, gold, cluster])).toEqual([
      ['a', 2, 'c'],
      ['b', 1, 'b'],
      ['7', 0, '7'],
    ]);
    expect(items[0]!.metadata).toEqual({ level: '3', hard: 'true' });
    expect(items[1]!.place).toEqual({ file: 'q.jsonl', line: 2 });
  });

  it('come from CSV as well', async () => {
    const text = 'id,lang,question,choices,answer\n1,es,¿Qué?,"[""uno"", ""dos""]",B\n';
    const { items } = await read(text, ['es'], {}, 'q.csv');
    expect(items).toMatchObject([{ id: '1', options: ['uno', 'dos'], gold: 1 }]);
  });

  it('are those that all languages have, unless all are asked for', async () => {
    const rows = [row(), row({ lang: 'ko' }), row({ id: 'b', lang: 'ko' }), row({ lang: 'fr', answer: 9 })];
    const common = await read(rows, ['es', 'ko']);
    expect(common.items.map(({ language, id }) => language + id)).toEqual(['esa', 'koa']);
    expect(common.notes).toEqual(['ko: 1 of 2 questions are left out, absent in es']);
    expect((await read(rows, ['es', 'ko'], { intersect: 'no' })).items).toHaveLength(3);
  });

  it('without languages asked for are in all that the file has', async () => {
    const { items } = await read(
      [row(), row({ lang: 'spa_Latn', id: 'b' }), row({ lang: 'ko' }), row({ lang: 'ko', id: 'b' })],
      [],
    );
    expect(items.map(({ language }) => language)).toEqual(['es', 'es', 'ko', 'ko']);
  });

  it.each([
    ['no answer', { answer: undefined }, 'q.jsonl:2: the row has no answer'],
    ['an answer under another name', { answer: undefined, anwser: 1 }, 'Did you mean `answer` for `anwser`?'],
    ['a letter beyond the choices', { answer: 'D' }, 'q.jsonl:2: answer "D" is not among the options'],
    [
      'letters with a gap',
      { options: { A: 'x', C: 'y' } },
      'the letters of options must be A, B, found A, C',
    ],
    ['equal options', { options: ['x', 'y', 'x'] }, 'q.jsonl:2: option A and option C are equal'],
    ['no options', { options: undefined }, 'q.jsonl:2: the row has no options or choices'],
    ['both options and choices', { choices: ['x', 'y'] }, 'q.jsonl:2: has options and choices'],
    ['no id', { id: undefined }, 'q.jsonl:2: the row has no id'],
    ['no question', { question: '' }, 'q.jsonl:2: the row has no question'],
    ['an id given twice', { id: 'a' }, 'q.jsonl:2: the id "a" is given twice in es: on line 1 and here'],
    ['a language that is none', { lang: 'q' }, 'q.jsonl:2: lang "q" is no language\'s code'],
  ])('are refused with %s', async (_, changes, message) => {
    await expect(read([row(), row({ id: 'b', ...changes })])).rejects.toThrow(message);
  });

  it('without a language are in the one asked for, and refused where several are', async () => {
    const rows = [row({ lang: undefined })];
    expect((await read(rows)).items[0]!.language).toBe('es');
    await expect(read(rows, ['es', 'ko'])).rejects.toThrow('q.jsonl:1: the row has no lang');
  });

  it('are refused in a language that the file has not', async () => {
    await expect(read([row()], ['es', 'ko'])).rejects.toThrow('q.jsonl: has no question in ko; it has es');
  });

  it('need a path', async () => {
    await expect(mcq.read({ languages: [], cwd: folder.path, seed: 1, options: {} })).rejects.toThrow(
      'mcq needs the path of its questions',
    );
    await expect(
      mcq.read({ path: 'none.jsonl', languages: [], cwd: folder.path, seed: 1, options: {} }),
    ).rejects.toThrow('none.jsonl: there is no such file or folder');
  });
});
