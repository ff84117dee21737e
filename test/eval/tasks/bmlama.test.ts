import { existsSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bmlama } from '../../../src/eval/tasks/bmlama.ts';
import { packageRoot } from '../../../src/paths.ts';
import { temporaryFolder } from '../../temporary.ts';

const HEADER = 'Prompt\tAns\tCandidate Ans\tSubject';
const EN = [
  'X was born in <mask>.\tRome\tOslo, Rome, Bonn, Bern, Riga\tX',
  'Y was born in <mask>.\tOslo\tOslo, Rome, Bonn\tY',
  'Z maintains diplomatic relations with <mask>.\tOslo\tOslo, Rome, Bonn, Bern\tZ',
  'W was born in <mask>.\tBern\tOslo, Rome, Bonn, Bern\tW',
  'V died in <mask>.\tBern\tOslo, Rome, Bonn, Bern\tV',
];
const ES = [
  'X nació en <mask>.\tRoma\tOslo, Roma, Bonn, Berna, Riga\tX',
  'Y nació en <mask>.\tOslo\tOslo, Roma, Bonn\tY',
  'Z mantiene relaciones con <mask>.\tOslo\tOslo, Roma, Bonn, Berna\tZ',
  'W nació en <mask>.\tBerna\tBerna, Oslo, Roma, Bonn\tW',
  'V murió en <mask>.\tBerna\tOslo, Roma, Bonn, Berna\tV',
];

const root = temporaryFolder();
let count = 0;
const folderOf = async (files: Record<string, readonly string[]> = { en: EN, es: ES }) => {
  const path = `set${count++}`;
  await mkdir(join(root.path, path));
  for (const [name, lines] of Object.entries(files))
    writeFileSync(join(root.path, path, `${name}.tsv`), `${[HEADER, ...lines].join('\n')}\n`);
  return path;
};
const read = (path: string, languages: string[], options: Record<string, string> = {}, seed = 1) =>
  bmlama.read({ path, languages, cwd: root.path, seed, options });

describe('BMLAMA', () => {
  it('asks the rows whose candidates stand alike in all languages, with the same four options', async () => {
    const { items, notes, sources } = await read(await folderOf(), ['en', 'es']);
    expect(items.map(({ language, id }) => language + id)).toEqual(['en1', 'en5', 'es1', 'es5']);
    const [en, , es] = items;
    expect(en).toMatchObject({
      question: 'X was born in ___.',
      metadata: { relation: '[X] was born in <mask>.' },
    });
    expect(es!.place.line).toBe(2);
    const english: Record<string, string> = { Roma: 'Rome', Berna: 'Bern' };
    expect(es!.options.map((option) => english[option] ?? option)).toEqual(en!.options);
    expect([en!.options[en!.gold], es!.options[es!.gold]]).toEqual(['Rome', 'Roma']);
    expect(notes).toEqual([
      '1 of 5 rows are left out: fewer than 4 candidates',
      '1 of 5 rows are left out: of diplomatic relations, whose wrong answers are often right',
      '1 of 5 rows are left out: the answer stands elsewhere among the candidates of another language',
    ]);
    expect(sources).toHaveLength(2);
  });

  it('has more rows in a language by itself, and still none of diplomatic relations', async () => {
    const { items } = await read(await folderOf(), ['es']);
    expect(items.map(({ id }) => id)).toEqual(['1', '4', '5']);
  });

  it('takes so many of a relation as it is told', async () => {
    const { items, notes } = await read(await folderOf(), ['es'], { per_relation: '1' });
    expect(items).toHaveLength(2);
    expect(notes.at(-1)).toBe('1 more are left out, of relations with more than 1 questions');
  });

  it('is refused without English, without a language, and in another layout', async () => {
    await expect(read(await folderOf({ es: ES }), ['es'])).rejects.toThrow(
      /has no en.tsv, by which relations/,
    );
    await expect(read(await folderOf(), ['en', 'ko'])).rejects.toThrow('has no ko.tsv; found en.tsv, es.tsv');
    const path = await folderOf();
    writeFileSync(join(root.path, path, 'es.tsv'), 'id\ttext\n1\tx\n');
    await expect(read(path, ['es'])).rejects.toThrow(
      `${path}/es.tsv:2: is no file of BMLAMA: it must have the columns`,
    );
  });

  it('is refused where no row is left', async () => {
    await expect(read(await folderOf({ en: EN.slice(1, 3), es: ES.slice(1, 3) }), ['es'])).rejects.toThrow(
      /en.tsv: no row can be used; 1 of 2 rows are left out/,
    );
  });
});

const real = join(packageRoot(), '../shared/data/bmlama53');
const absent = existsSync(real) ? '' : ' (skipped: ../shared/data/bmlama53 is not there)';
describe.skipIf(absent)(`BMLAMA as it is${absent}`, () => {
  it('has 776 usable rows in seven languages, five of them examples of different relations', async () => {
    const { items, examples } = await read(real, ['en', 'es', 'id', 'ko', 'el', 'zh', 'ar']);
    expect([items.length, examples.length]).toEqual([771 * 7, 5 * 7]);
    expect(new Set(examples.map(({ metadata }) => metadata.relation)).size).toBe(5);
    const asked = new Set(items.map(({ id }) => id));
    for (const { id } of examples) expect(asked.has(id)).toBe(false);
  });
});
