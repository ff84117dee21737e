import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  type ParallelSet,
  type ReadParallelOptions,
  readParallel,
} from '../../../src/data/parallel/index.ts';
import { folders, jsonl } from './folder-of.ts';

const folder = folders();
type Files = Record<string, string | Uint8Array>;

function read(files: Files, options: Partial<ReadParallelOptions> = {}, file = ''): Promise<ParallelSet> {
  const { name, cwd } = folder(files);
  return readParallel(join(name, file), { cwd, ...options });
}

/** What a reading complains of, without the folder's name. */
async function complaint(
  files: Files,
  options: Partial<ReadParallelOptions> = {},
  file = '',
): Promise<string> {
  const error = await read(files, options, file).catch((thrown) => thrown);
  expect(error).toMatchObject({ name: 'UserError', exitCode: 2 });
  return String(error.message).replaceAll(/set-\d+\/?/g, '');
}

/** Sentences by id, a list a language. */
function sentences(set: ParallelSet): Record<string, string[]> {
  return Object.fromEntries(
    set.ids.map((id, index) => [id, set.languages.map((language) => set.text(language, index))]),
  );
}

describe('readParallel on a folder', () => {
  const flores200 = {
    'eng_Latn.dev': 'One.\nTwo.\n',
    'spa_Latn.dev': 'Uno.\r\nDos.\n',
    'ace_Arab.dev': '\n',
  };

  it('reads FLORES-200: a line a sentence, its number the id; only the languages asked for', async () => {
    const set = await read(flores200, { languages: ['es', 'eng'] });
    expect(set.languages).toEqual(['es', 'en']);
    expect(sentences(set)).toEqual({ 1: ['Uno.', 'One.'], 2: ['Dos.', 'Two.'] });
    expect(set.place('es', 1)).toEqual({ file: expect.stringMatching(/set-\d+\/spa_Latn\.dev$/), line: 2 });
    expect(set.notes).toEqual([]);
  });

  it('reads FLORES+: joined on ids whatever the order, Chinese under its other code', async () => {
    const flores = (iso: string, script: string, ...rows: [number, string][]) =>
      jsonl(...rows.map(([id, text]) => ({ id, iso_639_3: iso, iso_15924: script, text, url: 'u' })));
    const set = await read({
      'dev/eng_Latn.jsonl': flores('eng', 'Latn', [7, 'seven'], [8, 'eight'], [9, 'nine']),
      'dev/cmn_Hans.jsonl': flores('cmn', 'Hans', [9, '九'], [7, '七']),
      'README.md': 'text',
    });
    expect(set.languages).toEqual(['en', 'zh']);
    expect(sentences(set)).toEqual({ 7: ['seven', '七'], 9: ['nine', '九'] });
    expect(set.notes).toEqual([
      expect.stringMatching(/: 1 of 3 sentences are left out, not every language has them \(zh lacks 1\)$/),
    ]);
  });

  it('reads NTREX: the language behind the name of the set', async () => {
    const set = await read({
      'newstest2019-src.eng.txt': 'News.\n',
      'newstest2019-ref.spa.txt': 'Noticias.\n',
      'newstest2019-ref.spa-MX.txt': 'Nuevas.\n',
      'newstest2019-ref.zho-CN.txt': '新闻。\n',
      'DOCUMENT_IDS.tsv': 'x\n',
    });
    expect(set.languages).toEqual(['en', 'es-MX', 'es', 'zh']);
    expect(sentences(set)).toEqual({ 1: ['News.', 'Nuevas.', 'Noticias.', '新闻。'] });
  });

  it('reads tables of one language, with the quotes of CSV', async () => {
    const set = await read({
      'eng_Latn.tsv': 'index_id\tcategory\ttext\n5\ta\t"He said ""no"""\n6\tb\tyes\n',
      'spa_Latn.tsv': 'index_id\tcategory\ttext\n6\tb\tsí\n5\ta\t"Dijo «no"\n',
    });
    expect(sentences(set)).toEqual({ 5: ['He said "no"', 'Dijo «no'], 6: ['yes', 'sí'] });
  });

  it('unpacks .gz and takes a byte order mark off', async () => {
    const set = await read({ 'en.txt.gz': gzipSync('\uFEFFone\n'), 'es.txt': '\uFEFFuno\n' });
    expect(sentences(set)).toEqual({ 1: ['one', 'uno'] });
  });

  it('reads the part that is asked for, in names and in folders, and does not mix parts', async () => {
    const named = { 'en.dev': 'a\n', 'es.dev': 'b\n', 'en.devtest': 'c\n', 'es.devtest': 'd\n' };
    expect(sentences(await read(named, { split: 'devtest' }))).toEqual({ 1: ['c', 'd'] });
    const inside = Object.fromEntries(
      Object.entries(named).map(([name, text]) => [`${name.slice(3)}/${name}`, text]),
    );
    expect(sentences(await read(inside, { split: 'dev' }))).toEqual({ 1: ['a', 'b'] });
    expect(await complaint(named)).toContain('holds the parts dev, devtest');
    expect(await complaint(inside)).toMatch(/holds the parts dev, devtest, .* Did you mean .*dev\?/);
    expect(await complaint(named, { split: 'test' })).toContain('no part test in it: it has dev, devtest');
  });

  it('refuses files of unequal length where a line is the id, but not for blank lines at the end', async () => {
    expect(await complaint({ 'en.txt': 'a\nb\n', 'es.txt': 'c\n' })).toMatch(
      /es\.txt: has 1 sentences, but .*en\.txt has 2/,
    );
    expect((await read({ 'en.txt': 'a\nb\n\n\n', 'es.txt': 'c\nd\n' })).ids).toEqual(['1', '2']);
    expect(await complaint({ 'en.txt': 'a\n', 'es.jsonl': jsonl({ id: 1, text: 'b' }) })).toContain(
      'cannot be joined',
    );
  });

  it('leaves out what is empty in one language, and counts it', async () => {
    const set = await read({ 'en.txt': 'a\nb\nc\n', 'es.txt': 'x\n  \nz\n' });
    expect(sentences(set)).toEqual({ 1: ['a', 'x'], 3: ['c', 'z'] });
    expect(set.notes).toEqual([expect.stringContaining('1 of 3 sentences are left out')]);
    expect(set.notes[0]).toContain('es lacks 1; 1 texts are empty');
  });

  it('counts the same sentence under two ids, and translations that are none', async () => {
    const set = await read({ 'en.txt': 'Yes.\nNo.\nYes.\n', 'es.txt': 'Sí.\nNo.\nClaro.\n' });
    expect(set.notes).toEqual([
      expect.stringMatching(/1 sentences are the same in en as another \(ids 1 and 3\)/),
      expect.stringMatching(/1 sentences are the same in es as in en/),
    ]);
  });

  it('counts blank lines of rows without ids, so that none moves beside another', async () => {
    const set = await read({
      'en.tsv': 'text\na\n\nc\n',
      'es.jsonl': `${jsonl({ text: 'x' })}\n${jsonl({ text: 'z' })}`,
    });
    expect(sentences(set)).toEqual({ 1: ['a', 'x'], 3: ['c', 'z'] });
    expect(await complaint({ 'en.tsv': 'text\na\n\nc\n', 'es.tsv': 'text\nx\ny\n' })).toContain(
      'es.tsv: has 2 sentences, but en.tsv has 3',
    );
  });

  it('refuses ids given twice, with both lines', async () => {
    const twice = jsonl({ id: 1, text: 'a' }, { id: '1', text: 'b' });
    expect(await complaint({ 'en.jsonl': twice, 'es.jsonl': jsonl({ id: 1, text: 'c' }) })).toBe(
      'en.jsonl:2: the id "1" is given twice in en: on line 1 and here',
    );
  });

  it('refuses languages that are no language, twice the same, missing, or alone', async () => {
    const files = { 'en.txt': 'a\n', 'es.txt': 'b\n', 'spa_Latn.txt': 'c\n', 'ko.txt': 'd\n' };
    expect(await complaint(files, { languages: ['en', 'sp'] })).toMatch(/^sp is no .* Did you mean es\?$/);
    expect(await complaint(files, { languages: ['en', 'eng'] })).toContain('en and eng are the same');
    expect(await complaint(files, { languages: ['en'] })).toContain('two languages or more');
    expect(await complaint(files, { languages: ['en', 'el'] })).toContain(
      'has no sentences in el; found en, es, ko',
    );
    expect(await complaint(files, { languages: ['en', 'es'] })).toContain('two files are in es');
    expect(await complaint({ 'en.txt': 'a\n' })).toContain('nothing is parallel to it');
    expect(await complaint({ 'notes.txt': 'a\n' })).toContain('no file in it is named after a language');
    expect(await complaint({ 'eng_Latn.parquet': 'PAR1' })).toContain('parquet is not read, export it');
  });

  it('refuses rows that say they are in another language than the name of their file', async () => {
    const row = { id: 1, text: 'a', iso_639_3: 'cat', iso_15924: 'Latn' };
    expect(
      await complaint({ 'spa_Latn.jsonl': jsonl(row), 'en.jsonl': jsonl({ id: 1, text: 'b' }) }),
    ).toContain('spa_Latn.jsonl:1: the row says that it is "cat_Latn", the file\'s name es');
  });

  it('refuses what is not UTF-8, and half characters', async () => {
    expect(await complaint({ 'en.txt': 'a\n', 'es.txt': Buffer.from([0x61, 0x0a, 0xff, 0x0a]) })).toBe(
      'es.txt:2: the line is not valid UTF-8',
    );
    const half = '{"id": 1, "text": "\\ud83d"}\n';
    expect(await complaint({ 'en.jsonl': half, 'es.jsonl': half })).toContain('en.jsonl:1: text has half');
  });

  it('stops after twenty problems', async () => {
    const message = await complaint({ 'en.jsonl': 'x\n'.repeat(1000), 'es.jsonl': '' });
    expect(message.split('\n')).toHaveLength(21);
  });
});

describe('readParallel on a file', () => {
  const one = (name: string, text: string, options: Partial<ReadParallelOptions> = {}) =>
    read({ [name]: text }, options, name);
  const refused = (name: string, text: string) => complaint({ [name]: text }, {}, name);

  it('reads a table with a column a language, called by code or name, with ids or without', async () => {
    const set = await one('a.tsv', 'id\tEnglish\tes\ttopic\nx1\tone\tuno\tn\nx2\ttwo\tdos\tn\n');
    expect(sentences(set)).toEqual({ x1: ['one', 'uno'], x2: ['two', 'dos'] });
    expect(set.notes).toEqual([expect.stringMatching(/fields that are no language: topic$/)]);
    expect(sentences(await one('b.tsv', 'en\tes\none\tuno\n'))).toEqual({ 2: ['one', 'uno'] });
  });

  it('tells Indonesian from ids by what the column id holds', async () => {
    const set = await one('a.tsv', 'en\tid\none day\tsuatu hari\ntwo days\tdua hari\n');
    expect(set.languages).toEqual(['en', 'id']);
    expect(set.notes).toEqual([expect.stringContaining('is taken for Indonesian')]);
    const both = await one('b.jsonl', jsonl({ sentence_id: 4, en: 'one day', id: 'suatu hari' }));
    expect(sentences(both)).toEqual({ 4: ['one day', 'suatu hari'] });
    await expect(
      one('c.jsonl', jsonl({ id: 4, en: 'a', es: 'b' }), { languages: ['en', 'id'] }),
    ).rejects.toThrow(/the field id holds ids, not sentences in Indonesian; call those ind/);
  });

  it('keeps quotes that are part of the texts', async () => {
    const set = await one('a.tsv', 'en\tes\n"Yes," he said\t"Sí"\n"No"\t"No"\n');
    expect(sentences(set)).toEqual({ 2: ['"Yes," he said', '"Sí"'], 3: ['"No"', '"No"'] });
  });

  it('reads jsonl of {id, lang, text} in any order', async () => {
    const rows = jsonl(
      { id: 'b', lang: 'spa_Latn', text: 'dos' },
      { id: 'a', lang: 'en', text: 'one' },
      { id: 'b', lang: 'en', text: 'two' },
      { id: 'a', lang: 'es', text: 'uno' },
    );
    const set = await one('a.jsonl', rows);
    expect(set.languages).toEqual(['en', 'es']);
    expect(sentences(set)).toEqual({ a: ['one', 'uno'], b: ['two', 'dos'] });
  });

  it('reads jsonl of a field a language, and of nested translations', async () => {
    const flat = await one('a.jsonl', jsonl({ id: 1, sentence_eng_Latn: 'one', sentence_spa_Latn: 'uno' }));
    expect(sentences(flat)).toEqual({ 1: ['one', 'uno'] });
    const nested = await one('b.jsonl', jsonl({ id: 1, translation: { en: 'one', es: 'uno' } }));
    expect(sentences(nested)).toEqual({ 1: ['one', 'uno'] });
  });

  it('does not look at fields of languages that are not asked for', async () => {
    const text = jsonl({ en: 'one', es: 'uno', sun: 3 });
    expect((await one('a.jsonl', text, { languages: ['en', 'es'] })).ids).toHaveLength(1);
  });

  it('refuses rows that it cannot place, each with its line', async () => {
    expect(await refused('a.tsv', 'en\tes\none\n')).toContain('a.tsv:2: the row has 1 columns, the header 2');
    expect(await refused('b.tsv', 'en\ten\none\tuno\n')).toContain(
      'b.tsv:1: the header names columns twice: en',
    );
    expect(await refused('c.tsv', 'en\teng\none\tuno\n')).toContain('en and eng are the same language');
    expect(await refused('d.jsonl', jsonl({ id: 1, lang: 'sp', text: 'a' }))).toMatch(
      /d\.jsonl:1: lang must name a language .* found "sp"\. Did you mean es\?/,
    );
    expect(await refused('e.jsonl', jsonl({ lang: 'es', text: 'a' }))).toContain(
      'e.jsonl:1: id must be a number or a text, found nothing',
    );
    expect(await refused('f.jsonl', jsonl({ id: 1, en: 'a', es: 4 }))).toContain(
      'f.jsonl:1: es must be a string, found 4',
    );
    expect(await refused('g.jsonl', '[1]\nno\n')).toMatch(
      /g\.jsonl:1: a row must .*\n.*g\.jsonl:2: the line/,
    );
    expect(await refused('h.jsonl', jsonl({ id: 1, foo: 'a' }))).toContain('no field is a language');
  });

  it('refuses files of one language, other formats, empty and missing files', async () => {
    expect(await refused('a.jsonl', jsonl({ id: 1, lang: 'es', text: 'a' }))).toContain('one language alone');
    expect(await refused('en.txt', 'a\n')).toContain('is not read: parallel sentences are a folder');
    expect(await refused('a.tsv', '')).toContain('the file has no rows');
    expect(await complaint({ a: '' }, {}, 'b.tsv')).toContain(
      'there is no such file; parallel sentences are',
    );
    const apart = jsonl({ id: 1, lang: 'en', text: 'a' }, { id: 2, lang: 'es', text: 'b' });
    expect(await refused('b.jsonl', apart)).toContain(
      'no sentence is in every language (en 1, es 1 sentences)',
    );
  });

  it('hashes what training sees: sentences, ids and languages, not the layout', async () => {
    const wide = await one('a.jsonl', jsonl({ id: 1, en: 'one', es: 'uno' }));
    const long = jsonl({ id: 1, lang: 'en', text: 'one' }, { id: 1, lang: 'es', text: 'uno' });
    expect((await one('b.jsonl', long)).sha256).toBe(wide.sha256);
    expect((await one('c.jsonl', jsonl({ id: 2, en: 'one', es: 'uno' }))).sha256).not.toBe(wide.sha256);
  });
});

const SHARED = join(import.meta.dirname, '../../../../shared/data');
const LANGUAGES = ['en', 'es', 'id', 'ko', 'el', 'zh', 'ar'];
describe.skipIf(!existsSync(join(SHARED, 'flores')))('the real FLORES-200 (../shared/data/flores)', () => {
  it('has its sentences in seven languages, without the quotes of the table', async () => {
    const set = await readParallel('flores', { cwd: SHARED, languages: LANGUAGES });
    expect(set.ids).toHaveLength(510);
    const at = set.ids.indexOf('76');
    expect(set.text('en', at)).toContain('Roe v. Wade was the "settled law of the land"');
    const doubled = LANGUAGES.map(
      (language) => set.ids.filter((_, index) => set.text(language, index).includes('""')).length,
    );
    // FLORES itself has cells of CSV for sentences, in Korean.
    expect(doubled).toEqual([0, 0, 0, 28, 0, 0, 0]);
    expect(set.notes).toEqual([expect.stringContaining('28 sentences in ko are in quotes')]);
  });
});
describe.skipIf(!existsSync(join(SHARED, 'ntrex')))('the real NTREX (../shared/data/ntrex)', () => {
  it('has its sentences in seven languages', async () => {
    const set = await readParallel('ntrex', { cwd: SHARED, languages: LANGUAGES });
    expect(set.ids).toHaveLength(1997);
    expect(set.text('es', 0)).toContain('Asamblea');
    expect(set.notes).toContain('ntrex: 4 sentences are the same in es as in en');
  });
});
