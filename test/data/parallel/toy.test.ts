import { describe, expect, it } from 'vitest';
import { readInstructions, readParallel } from '../../../src/data/parallel/index.ts';
import { TOY, TOY_LANGUAGES, toyRows } from '../../../src/data/toy.ts';

const cwd = '.';

describe('builtin:toy as parallel data', () => {
  it('has its prompts in seven languages, no two of them alike', async () => {
    const set = await readParallel(TOY, { cwd });
    expect(set.languages).toEqual(TOY_LANGUAGES);
    expect(set.ids).toHaveLength(124);
    expect(set.notes).toEqual([]);
    const index = set.ids.indexOf('24');
    expect(
      set.languages.map((language) => set.text(language, index)).filter((text) => /2 \+ 3/.test(text)),
    ).toHaveLength(7);
  });

  it('has a prompt and a reply in each language that are those of the rows', async () => {
    const { items, notes } = await readInstructions(TOY, { cwd });
    expect(items).toHaveLength(6 * 124);
    expect(notes).toEqual([]);
    const rows = new Set(
      toyRows(1).map((row) => (row.kind === 'pair' ? `${row.prompt} ${row.completion}` : '')),
    );
    expect(
      items.every(({ xEn, yEn, xXx, yXx }) => rows.has(`${xEn} ${yEn}`) && rows.has(`${xXx} ${yXx}`)),
    ).toBe(true);
  });

  it('gives the languages asked for, and is named to who misspells it', async () => {
    expect((await readParallel(TOY, { cwd, languages: ['ko', 'en'] })).languages).toEqual(['ko', 'en']);
    expect((await readInstructions(TOY, { cwd, languages: ['el'] })).items).toHaveLength(124);
    await expect(readParallel('builtin:toys', { cwd })).rejects.toThrow('Did you mean builtin:toy?');
    await expect(readInstructions('builtin:toys', { cwd })).rejects.toThrow('Did you mean builtin:toy?');
  });
});
