import { existsSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blendAnnotations } from '../../../src/eval/tasks/blend-annotations.ts';
import { packageRoot } from '../../../src/paths.ts';
import { localHub } from '../../hub/environment.ts';
import { temporaryFolder } from '../../temporary.ts';

const votes = (local: string, english: string, count = 3) => ({
  answers: [local],
  en_answers: [english],
  count,
});
const entry = (question: string, en_question: string, ...annotations: object[]) => ({
  question,
  en_question,
  annotations,
  idks: {},
});
const FOOD = 'What is a common food in';
/** What people of other regions eat is known in Spanish by the second question. */
const FILES = {
  Spain_data: {
    q1: entry('¿Qué se come en España?', `${FOOD} Spain?`, votes('pan', 'bread')),
    q2: entry(
      '¿Qué se cocina?',
      'What is cooked?',
      votes('arroz', 'rice'),
      votes('sopa', 'soup'),
      votes('maíz', 'corn'),
      votes('cerdo', 'pork'),
    ),
    q3: entry('¿Qué se bebe en España?', 'What is drunk in Spain?'),
  },
  US_data: { q1: entry('', `${FOOD} US?`, votes('corn', 'corn')) },
  China_data: { q1: entry('', `${FOOD} China?`, votes('米饭', 'rice')) },
  Greece_data: { q1: entry('', `${FOOD} Greece?`, votes('σούπα', 'soup')) },
};

const root = temporaryFolder();
let count = 0;
const folderOf = async (files: Record<string, unknown> = FILES) => {
  const path = `set${count++}`;
  await mkdir(join(root.path, path));
  for (const [name, value] of Object.entries(files))
    writeFileSync(join(root.path, path, `${name}.json`), JSON.stringify(value, null, 1));
  return path;
};
const read = (path: string, languages: string[], options: Record<string, string> = {}) =>
  blendAnnotations.read({ path, languages, cwd: root.path, seed: 1, options });

describe("questions of BLEnD's annotations", () => {
  it('have the answer that most gave, against answers of other regions in the same language', async () => {
    const { items, notes } = await read(await folderOf(), ['es', 'en']);
    const [es, en] = items;
    expect(items).toHaveLength(2);
    expect(es).toMatchObject({
      id: 'Spain/q1',
      language: 'es',
      question: '¿Qué se come en España?',
      cluster: 'q1',
      metadata: { region: 'Spain', form: 'contextualized', numeric: 'no' },
    });
    expect(es!.options[es!.gold]).toBe('pan');
    expect([...es!.options].sort()).toEqual(['arroz', 'maíz', 'pan', 'sopa']);
    // The same options in the same order, and whose they are.
    const english = { pan: 'bread', arroz: 'rice', maíz: 'corn', sopa: 'soup' };
    expect(en!.options).toEqual(es!.options.map((option) => english[option as keyof typeof english]));
    const regions = { pan: 'Spain', arroz: 'China', maíz: 'US', sopa: 'Greece' };
    expect(es!.metadata.countries).toBe(
      es!.options.map((option) => regions[option as keyof typeof regions]).join('|'),
    );
    expect(notes).toContain(
      'there are no annotations of Indonesia, South_Korea, Algeria, UK, whose answers are no options',
    );
    expect(notes.find((note) => note.startsWith('Spain: '))).toContain(
      '1 of 3 questions are left out: nobody answered',
    );
  });

  it('are put without the country as well', async () => {
    const { items } = await read(await folderOf(), ['es', 'en'], { form: 'decontextualized' });
    expect(items.map(({ question }) => question)).toEqual(['¿Qué se come?', 'What is a common food?']);
  });

  it('come from the list of rows that the hub has, where English leaves the country open', async () => {
    const files = Object.fromEntries(
      Object.entries(FILES).map(([name, questions]) => [
        name,
        Object.entries(questions).map(([ID, each]) => ({
          ID,
          ...each,
          en_question: `${FOOD} your country?`,
        })),
      ]),
    );
    const { items } = await read(await folderOf(files), ['es', 'en']);
    expect(items.map(({ question }) => question)).toEqual(['¿Qué se come en España?', `${FOOD} Spain?`]);
  });

  it.each([
    [
      'an annotation without votes',
      { q1: entry('¿?', '?', { answers: ['a'], en_answers: ['b'] }) },
      'Spain_data.json:2: q1: an annotation must have',
    ],
    ['a row of something else', { q1: { text: 'x' } }, 'Spain_data.json:2: q1: is no row of BLEnD'],
    ['rows without ids', [entry('¿?', '?')], 'Spain_data.json:2: a question must be named by its id'],
    [
      'an id given twice',
      [
        { ID: 'q', ...entry('¿?', '?') },
        { ID: 'q', ...entry('¿?', '?') },
      ],
      'the id q is given twice',
    ],
  ])('are refused with %s', async (_, spain, message) => {
    await expect(read(await folderOf({ ...FILES, Spain_data: spain }), ['es'])).rejects.toThrow(message);
  });

  it('are refused where the file of a language is not there', async () => {
    await expect(read(await folderOf(), ['es', 'ko'])).rejects.toThrow(
      'has no South_Korea_data.json, which is needed for ko; found China_data.json',
    );
  });
});

describe("questions of BLEnD's annotations by an id of the hub", () => {
  localHub(
    () =>
      new Map(
        Object.entries(FILES).map(([name, value]) => [
          `data/annotations_hf/${name}.json`,
          Buffer.from(JSON.stringify(value)),
        ]),
      ),
  );

  it('are fetched with the regions that are there', async () => {
    expect((await read('org/name', ['es'])).items).toHaveLength(1);
  });
});

const real = join(packageRoot(), '../shared/data/blend/annotations');
const absent = existsSync(real) ? '' : ' (skipped: ../shared/data/blend is not there)';
describe.skipIf(absent)(`BLEnD as it is${absent}`, () => {
  it('gives 187 to 265 questions a language, each in both forms', async () => {
    const languages = ['es', 'id', 'ko', 'el', 'zh', 'ar'];
    const { items } = await read(real, languages);
    const plain = await read(real, languages, { form: 'decontextualized' });
    expect(languages.map((language) => items.filter((item) => item.language === language).length)).toEqual([
      246, 243, 232, 225, 265, 187,
    ]);
    expect(plain.items.map(({ id, options }) => [id, options])).toEqual(
      items.map(({ id, options }) => [id, options]),
    );
    expect(plain.items.every(({ question }, index) => question !== items[index]!.question)).toBe(true);
  });
});
