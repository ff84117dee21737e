import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gmmlu, gmmluLite } from '../../../src/eval/tasks/gmmlu.ts';
import { packageRoot } from '../../../src/paths.ts';
import { localHub } from '../../hub/environment.ts';
import { temporaryFolder } from '../../temporary.ts';

const row = (id: string, changes: object = {}) => ({
  sample_id: id,
  subject: 'anatomy',
  subject_category: 'STEM',
  question: `¿${id}?`,
  option_a: 'uno',
  option_b: 'dos',
  option_c: 'tres',
  option_d: 'cuatro',
  answer: 'C',
  cultural_sensitivity_label: 'CS',
  country: '-',
  ...changes,
});
const jsonl = (rows: readonly object[]) => rows.map((each) => JSON.stringify(each)).join('\n');

const root = temporaryFolder();
let count = 0;
const folderOf = (files: Record<string, readonly object[]>) => {
  const path = `set${count++}`;
  for (const [name, rows] of Object.entries(files)) {
    const file = join(root.path, path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, jsonl(rows));
  }
  return path;
};
const read = (
  path: string | undefined,
  languages: string[],
  options: Record<string, string> = {},
  task = gmmlu,
) => task.read({ path, languages, cwd: root.path, seed: 1, options });

describe('Global-MMLU', () => {
  it('gives its questions with what figures are split by, and the dev split as examples', async () => {
    const path = folderOf({
      'es/test.jsonl': [
        row('a/test/0'),
        row('a/test/1', { cultural_sensitivity_label: '-', region: 'Asia' }),
      ],
      'es/dev.jsonl': [row('a/dev/0')],
    });
    const { items, examples, sources } = await read(path, ['es']);
    expect(items[0]).toMatchObject({
      id: 'a/test/0',
      language: 'es',
      options: ['uno', 'dos', 'tres', 'cuatro'],
      gold: 2,
      cluster: 'a/test/0',
      metadata: { label: 'CS', subject: 'anatomy', subject_category: 'STEM' },
      place: { file: `${path}/es/test.jsonl`, line: 1 },
    });
    expect(items[1]!.metadata).toMatchObject({ label: 'unlabelled', region: 'Asia' });
    expect(examples.map(({ id }) => id)).toEqual(['a/dev/0']);
    expect(sources.map((source) => source.path)).toEqual([`${path}/es/test.jsonl`, `${path}/es/dev.jsonl`]);
  });

  it.each(['es/test-00000-of-00001.jsonl', 'es_test.jsonl', 'es.test.jsonl', 'test/es.jsonl', 'es.jsonl'])(
    'is found in %s',
    async (name) => {
      const path = folderOf({ [name]: [row('0')], 'en/other.jsonl': [row('1')] });
      expect((await read(path, ['es'])).items).toHaveLength(1);
    },
  );

  it('keeps the questions that all languages have, and counts the others', async () => {
    const path = folderOf({
      'es/test.jsonl': [row('0'), row('1')],
      'ko/test.jsonl': [row('1'), row('2'), row('3')],
      // What the hub calls Tagalog.
      'fil/test.jsonl': [row('1')],
    });
    const { items, notes } = await read(path, ['es', 'ko', 'tl']);
    expect(items.map(({ language, id }) => language + id)).toEqual(['es1', 'ko1', 'tl1']);
    expect(notes).toEqual([
      'es: 1 of 2 questions are left out, absent in ko, tl',
      'ko: 2 of 3 questions are left out, absent in es, tl',
    ]);
  });

  it.each([
    ['no answer', { answer: null }, 'es/test.jsonl:2: the row has no answer'],
    ['another letter', { answer: 'E' }, 'es/test.jsonl:2: answer must be A, B, C or D, found "E"'],
    ['the text of an option', { answer: 'dos' }, 'es/test.jsonl:2: answer must be A, B, C or D, found "dos"'],
    ['an empty option', { option_d: '' }, 'es/test.jsonl:2: option_d is empty'],
    ['equal options', { option_d: 'dos' }, 'es/test.jsonl:2: option_b and option_d are equal: "dos"'],
    ['an id given twice', { sample_id: '0' }, 'es/test.jsonl:2: the id "0" is given twice in es: on line 1'],
  ])('is refused with %s, or goes on without the row', async (_, changes, message) => {
    const path = folderOf({ 'es/test.jsonl': [row('0'), row('1', changes)] });
    await expect(read(path, ['es'])).rejects.toThrow(message);
    const { items, notes } = await read(path, ['es'], { bad_rows: 'drop' });
    expect(items).toHaveLength(1);
    expect(notes).toEqual([`rows that cannot be used are left out, 1 of 2: ${path}/es/test.jsonl:2`]);
  });

  it('is refused where a file is of another layout, a language is absent, or the folder is a file', async () => {
    const path = folderOf({ 'es/test.jsonl': [{ id: 1, text: 'x' }] });
    await expect(read(path, ['es'])).rejects.toThrow(
      /es\/test.jsonl:1: is no file of gmmlu: .* it lacks sample_id, question.*and has id, text/,
    );
    await expect(read(path, ['ko'])).rejects.toThrow(
      `${path}: has no file of the test questions in ko, such as ko/test.parquet; found es`,
    );
    await expect(read(`${path}/es/test.jsonl`, ['es'])).rejects.toThrow('is a file; gmmlu reads a folder');
  });

  it('has no Greek in its Lite form', async () => {
    await expect(read('x', ['el'], {}, gmmluLite)).rejects.toThrow(
      'gmmlu_lite is not in el; it is in en, id, ko',
    );
  });
});

describe('Global-MMLU by an id of the hub', () => {
  const parquet = readFileSync(join(packageRoot(), 'test/fixtures/eval/global-mmlu.parquet'));
  const local = localHub(
    () =>
      new Map([
        ['es/test-00000-of-00001.parquet', parquet],
        ['es/dev-00000-of-00001.parquet', parquet],
        ['de/test-00000-of-00001.parquet', parquet],
      ]),
  );

  it('is fetched in the languages asked for', async () => {
    const { items, examples } = await read('org/name', ['es']);
    expect(items.map(({ id, gold, metadata }) => [id, gold, metadata.label])).toEqual([
      ['anatomy/test/0', 0, 'CA'],
      ['anatomy/test/1', 1, 'CS'],
      ['anatomy/test/2', 2, 'unlabelled'],
    ]);
    expect(examples).toHaveLength(3);
    expect(local.hub.seen.some(({ path }) => path.includes('/de/'))).toBe(false);
  });

  it('is asked for under its own id where no path is given', async () => {
    await expect(read(undefined, ['es'])).rejects.toThrow(
      'there is no data set CohereLabs/Global-MMLU here or at',
    );
  });
});
