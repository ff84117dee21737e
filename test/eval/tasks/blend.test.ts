import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blend } from '../../../src/eval/tasks/blend.ts';
import { localHub } from '../../hub/environment.ts';
import { temporaryFolder } from '../../temporary.ts';

/** A row as the hub's file has it: the prompt holds all, choices are JSON text, the answer is a letter. */
const row = (number: number, changes: object = {}) => ({
  MCQID: `Al-en-01_${number}`,
  ID: 'Al-en-01',
  country: 'Spain',
  prompt:
    'What do children eat in Spain? Without any explanation, choose only one from the given alphabet choices(e.g., A, B, C). Provide as JSON format: {"answer_choice":""}\n\nA. bread\nB. rice\n\nAnswer:',
  choices: '{"A": "bread", "B": "rice", "C": "soup", "D": "corn"}',
  choice_countries: '{"A": "US", "B": "China", "C": "Spain", "D": "dummy"}',
  answer_idx: 'C',
  ...changes,
});
/** The same in Spanish, as the data builders write it. */
const local = (number: number, changes: object = {}) => ({
  ...row(number, { prompt: undefined }),
  lang: 'es',
  form: 'decontextualized',
  question: '¿Qué comen los niños?',
  choices: { A: 'pan', B: 'arroz', C: 'sopa', D: 'maíz' },
  ...changes,
});

const root = temporaryFolder();
let count = 0;
const folderOf = async (files: Record<string, readonly object[]>) => {
  const path = `set${count++}`;
  await mkdir(join(root.path, path));
  for (const [name, rows] of Object.entries(files)) {
    const text = name.endsWith('.json')
      ? JSON.stringify(rows, null, 1)
      : rows.map((each) => JSON.stringify(each)).join('\n');
    writeFileSync(join(root.path, path, name), text);
  }
  return path;
};
const HUB_FILE = 'mc_questions_file_v1.1.json';
const read = (path: string | undefined, languages: string[], options: Record<string, string> = {}) =>
  blend.read({ path, languages, cwd: root.path, seed: 1, options });

describe("BLEnD's multiple-choice questions", () => {
  it('are the question of the prompt alone, with the countries of the options', async () => {
    const { items } = await read(await folderOf({ [HUB_FILE]: [row(1)] }), ['en']);
    expect(items).toMatchObject([
      {
        id: 'Spain/Al-en-01_1',
        language: 'en',
        question: 'What do children eat in Spain?',
        options: ['bread', 'rice', 'soup', 'corn'],
        gold: 2,
        cluster: 'Al-en-01',
        metadata: { region: 'Spain', form: 'contextualized', countries: 'US|China|Spain|dummy' },
      },
    ]);
    expect(items[0]!.place.line).toBe(2);
  });

  it('are five variants of a question, by number, unless told', async () => {
    const numbers = [10, 3, 2, 1, 7, 5, 4];
    const path = await folderOf({
      [HUB_FILE]: [...numbers.map((n) => row(n)), row(9, { country: 'Greece' })],
    });
    const ids = async (variants?: string) =>
      (await read(path, ['en'], variants ? { variants } : {})).items.map(({ id }) =>
        id.replace('/Al-en-01', ''),
      );
    expect(await ids()).toEqual(['Spain_3', 'Spain_2', 'Spain_1', 'Spain_5', 'Spain_4', 'Greece_9']);
    expect(await ids('1')).toEqual(['Spain_1', 'Greece_9']);
    expect(await ids('all')).toHaveLength(8);
    expect((await read(path, ['en'])).notes).toEqual([
      '2 of 8 items are left out: variants beyond the first 5 of a question',
    ]);
  });

  it('are asked of the regions of the languages, and in English of the same ones', async () => {
    const path = await folderOf({
      [HUB_FILE]: [row(1), row(2), row(1, { country: 'Greece' }), row(1, { country: 'Iran' })],
      'es.jsonl': [local(1, { form: 'contextualized' }), local(3, { form: 'contextualized' }), local(1)],
    });
    const { items, notes } = await read(path, ['es', 'en']);
    expect(items.map(({ language, id }) => `${language} ${id}`).sort()).toEqual([
      'en Spain/Al-en-01_1',
      'es Spain/Al-en-01_1',
    ]);
    expect(notes).toEqual([
      'es: 1 of 2 questions are left out, absent in en',
      'en: 1 of 2 questions are left out, absent in es',
    ]);
    const other = await read(path, ['es'], { form: 'decontextualized' });
    expect(other.items.map(({ question }) => question)).toEqual(['¿Qué comen los niños?']);
  });

  it('are read once where the folder has the older file as well', async () => {
    const path = await folderOf({ [HUB_FILE]: [row(1)], 'mc_questions_file.json': [row(1)] });
    expect((await read(path, ['en'])).items).toHaveLength(1);
  });

  it.each([
    ['no answer', { answer_idx: null }, 'the row has no answer: answer_idx must be'],
    [
      'a letter beyond the choices',
      { answer_idx: 'E' },
      'answer_idx "E" is not among the letters of the choices (A, B, C, D)',
    ],
    ['an index for a letter', { answer_idx: 2 }, 'answer_idx must be a letter, found 2'],
    ['an empty choice', { choices: '{"A": "x", "B": ""}', answer_idx: 'A' }, 'choice B is empty'],
    [
      'equal choices',
      { choices: '{"A": "x", "B": "x"}', answer_idx: 'A' },
      'choice A and choice B are equal',
    ],
    ['choices that are no JSON', { choices: 'A. x' }, 'choices must be a list, or an object of letters'],
    ['an id given twice', { MCQID: 'Al-en-01_1' }, 'the id "Spain/Al-en-01_1" is given twice in en'],
    ['another form', { form: 'short' }, 'form must be contextualized or decontextualized, found "short"'],
  ])('are refused with %s, or left out', async (_, changes, message) => {
    const path = await folderOf({ 'q.jsonl': [row(1), row(2, changes)] });
    await expect(read(path, ['en'])).rejects.toThrow(`${path}/q.jsonl:2: ${message}`);
    expect((await read(path, ['en'], { bad_rows: 'drop' })).items).toHaveLength(1);
  });

  it('are refused in a language that is not there, or where the file is of something else', async () => {
    const path = await folderOf({ [HUB_FILE]: [row(1)] });
    await expect(read(path, ['es'])).rejects.toThrow(
      `${path}: has no contextualized questions in es; it has en contextualized`,
    );
    const other = await folderOf({ 'q.jsonl': [{ ID: 'x', annotations: [] }] });
    await expect(read(other, ['en'])).rejects.toThrow(
      /q.jsonl:1: is no file of .* Did you mean the task blend_annotations\?/,
    );
  });
});

describe("BLEnD's multiple-choice questions by an id of the hub", () => {
  localHub(() => new Map([[`data/mc_questions_hf/${HUB_FILE}`, Buffer.from(JSON.stringify([row(1)]))]]));

  it('are fetched from the folder that they are in', async () => {
    expect((await read('org/name', ['en'])).items).toHaveLength(1);
  });
});
