import { describe, expect, it } from 'vitest';
import { type InstructionSet, readInstructions } from '../../../src/data/parallel/index.ts';
import { folders, jsonl } from './folder-of.ts';

const folder = folders();
const FILE = 'rows.jsonl';

function read(rows: unknown[], languages?: string[]): Promise<InstructionSet> {
  const { name, cwd } = folder({ [FILE]: jsonl(...rows) });
  return readInstructions(`${name}/${FILE}`, { cwd, ...(languages ? { languages } : {}) });
}

async function complaint(rows: unknown[], languages?: string[]): Promise<string> {
  const error = await read(rows, languages).catch((thrown) => thrown);
  expect(error).toMatchObject({ name: 'UserError', exitCode: 2 });
  return String(error.message).replaceAll(/set-\d+\//g, '');
}

const flat = (id: unknown, lang: string, prompt: string, completion: string) => ({
  id,
  lang,
  prompt,
  completion,
});
const texts = ({ items }: InstructionSet) =>
  items.map(({ id, lang, xEn, yEn, xXx, yXx }) => [id, lang, xEn, yEn, xXx, yXx].join(' '));

const flatRows = [
  flat(1, 'es', 'Xes', 'Yes'),
  flat(1, 'en', 'X', 'Y'),
  flat(2, 'eng_Latn', 'P', 'Q'),
  flat('1', 'kor_Hang', 'Xko', 'Yko'),
  flat(2, 'es', 'Pes', 'Qes'),
];
const items = ['1 es X Y Xes Yes', '1 ko X Y Xko Yko', '2 es P Q Pes Qes'];

describe('readInstructions', () => {
  it('joins rows of one language on their ids, in any order', async () => {
    const set = await read(flatRows);
    expect(texts(set)).toEqual(items);
    expect(set.languages).toEqual(['es', 'ko']);
    expect(set.items[0]).toMatchObject({ placeEn: { line: 2 }, placeXx: { line: 1 } });
    expect(set.notes).toEqual([expect.stringContaining('of 2 ids, some are missing in a language')]);
    expect(set.notes[0]).toMatch(/: ko 1$/);
  });

  it('reads rows with languages inside, and fields with languages inside', async () => {
    const es = { prompt: 'Xes', completion: 'Yes' };
    const ko = { instruction: 'Xko', output: 'Yko' };
    const nested = await read([
      { id: 1, en: { prompt: 'X', completion: 'Y' }, es, ko, meta: { a: 1 } },
      { id: 2, en: { prompt: 'P', completion: 'Q' }, es: { prompt: 'Pes', completion: 'Qes' }, ko: null },
    ]);
    const fields = await read(
      [
        { id: 1, prompt: { en: 'X', es: 'Xes', ko: 'Xko' }, completion: { en: 'Y', es: 'Yes', ko: 'Yko' } },
        { id: 2, prompt: { en: 'P', es: 'Pes' }, completion: { en: 'Q', es: 'Qes', ko: null } },
      ].slice(0, 1),
    );
    expect(texts(nested)).toEqual(items);
    expect(texts(fields)).toEqual(items.slice(0, 2));
    expect(nested.sha256).toBe((await read(flatRows)).sha256);
  });

  it('reads Indonesian under id, counting lines where rows then have no id', async () => {
    const set = await read([
      { en: { prompt: 'X', completion: 'Y' }, id: { prompt: 'Xid', completion: 'Yid' } },
    ]);
    expect(texts(set)).toEqual(['1 id X Y Xid Yid']);
  });

  it('reads the languages asked for, one alone too, and English without being asked', async () => {
    expect(texts(await read(flatRows, ['spa']))).toEqual([items[0], items[2]]);
    expect(texts(await read(flatRows, ['en', 'ko', 'es']))).toEqual([items[1], items[0], items[2]]);
    expect(await complaint(flatRows, ['en', 'el'])).toBe('rows.jsonl: has no rows in el; found es, en, ko');
    expect(await complaint(flatRows, ['en', 'sp'])).toMatch(/^sp is no language.* Did you mean es\?$/);
  });

  it('leaves out ids without English, and replies that were not translated, and counts both', async () => {
    const set = await read([...flatRows, flat(3, 'es', 'R', 'S'), flat(2, 'ko', 'Pko', ' Q ')]);
    expect(texts(set)).toEqual(items);
    expect(set.notes).toEqual([
      expect.stringMatching(/of 3 ids, .*: en 1$/),
      expect.stringMatching(/there is nothing to prefer: ko 1$/),
    ]);
    expect(await complaint([flat(1, 'en', 'a', 'b'), flat(1, 'es', 'c', 'b')])).toContain(
      'no instruction is left of 1 ids',
    );
  });

  it('refuses ids that are missing or given twice in a language', async () => {
    expect(await complaint([...flatRows, flat(2, 'spa', 'a', 'b')])).toBe(
      'rows.jsonl:6: the id "2" is given twice in es: on line 5 and here',
    );
    expect(await complaint([{ lang: 'en', prompt: 'a', completion: 'b' }])).toContain(
      'rows.jsonl:1: id must be a number or a text, found nothing',
    );
  });

  it('refuses languages that are none, with the nearest', async () => {
    const part = { prompt: 'a', completion: 'b' };
    expect(await complaint([flat(1, 'spn', 'a', 'b')])).toMatch(/:1: lang must .* "spn"\. Did you mean es\?/);
    expect(await complaint([{ id: 1, en: part, spn: part }])).toBe(
      'rows.jsonl:1: spn is no language. Did you mean es?',
    );
    expect(await complaint([{ id: 1, prompt: { english: 'a', q: 'b' }, completion: {} }])).toContain(
      'q in prompt and completion is no language',
    );
    expect(await complaint([{ id: 1, en: part, English: part }])).toContain('en and English are the same');
    expect(await complaint([{ id: 1, prompt: 'a', completion: 'b' }])).toContain('the row names no language');
  });

  it('refuses what is not one prompt and one reply, naming the language inside of a row', async () => {
    const messages = ['a', 'b', 'c', 'd'].map((content, i) => ({
      role: i % 2 ? 'assistant' : 'user',
      content,
    }));
    expect(await complaint([{ id: 1, lang: 'en', messages }])).toContain('one prompt and its reply alone');
    expect(
      (await read([{ id: 1, lang: 'en', messages: messages.slice(0, 2) }, flat(1, 'es', 'e', 'f')])).items,
    ).toHaveLength(1);
    expect(await complaint([{ id: 1, lang: 'en', text: 'a' }])).toContain('one prompt and its reply alone');
    const half = { id: 1, en: { prompt: 'a', completion: 'b' }, es: { prompt: 'a', completon: 'b' } };
    expect(await complaint([half])).toMatch(
      /^rows\.jsonl:1: es: the row has no response: .* Did you mean `completion` for `completon`\?$/,
    );
    expect(await complaint([{ id: 1, prompt: { en: 'a' }, completion: 'b' }])).toContain(
      'prompt is by language, but what belongs to it is not',
    );
  });

  it('refuses other formats and files without rows', async () => {
    const { name, cwd } = folder({ [FILE]: '\n' });
    await expect(readInstructions(`${name}/${FILE}`, { cwd })).rejects.toThrow('the file has no rows');
    await expect(readInstructions('a.csv', { cwd })).rejects.toThrow('are a .jsonl file');
    await expect(readInstructions('none.jsonl', { cwd })).rejects.toThrow('there is no such file');
    expect(await complaint([flat(1, 'en', 'a', 'b')])).toContain('has no rows in another language than en');
  });
});
