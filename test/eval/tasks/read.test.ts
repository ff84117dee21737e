import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readTable } from '../../../src/eval/tasks/read.ts';
import { temporaryFolder } from '../../temporary.ts';

const folder = temporaryFolder();
const read = (name: string, content: string | Buffer) => {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return readTable(path, name);
};
const seen = async (name: string, content: string | Buffer) =>
  (await read(name, content)).rows.map(({ fields, place, key }) => ({ fields, line: place.line, key }));

describe('rows of questions', () => {
  it('are the lines of a jsonl file, packed or not', async () => {
    const text = '\uFEFF{"a":1}\n\n{"a":2}\n';
    const rows = [
      { fields: { a: 1 }, line: 1, key: undefined },
      { fields: { a: 2 }, line: 3, key: undefined },
    ];
    expect(await seen('rows.jsonl', text)).toEqual(rows);
    expect(await seen('rows.jsonl.gz', gzipSync(text))).toEqual(rows);
  });

  it('are the elements of a JSON list, with the lines that they begin on', async () => {
    const text = '[\n  {"a": "x,[{\\"\\\\",\n   "b": [1, {"c": 2}]},\n\n  {"a": "é"}\n]\n';
    expect(await seen('list.json', text)).toEqual([
      { fields: { a: 'x,[{"\\', b: [1, { c: 2 }] }, line: 2, key: undefined },
      { fields: { a: 'é' }, line: 5, key: undefined },
    ]);
  });

  it('are the fields of a JSON object, under their names, one given twice among them', async () => {
    expect(await seen('named.json', '{\n"q1": {"a": 1},\n"q1": {"a": 2}}')).toEqual([
      { fields: { a: 1 }, line: 2, key: 'q1' },
      { fields: { a: 2 }, line: 3, key: 'q1' },
    ]);
  });

  it('are the lines of a .json file that is jsonl in truth', async () => {
    expect(await seen('lines.json', '{"a":1}\n{"a":2}\n')).toMatchObject([{ line: 1 }, { line: 2 }]);
  });

  it('are those of a CSV file behind its header, quoted line breaks counted', async () => {
    expect(await seen('rows.csv', 'id,question\r\n1,"one\r\ntwo"\r\n2,"say ""hi"""\r\n')).toMatchObject([
      { fields: { id: '1', question: 'one\r\ntwo' }, line: 2 },
      { fields: { id: '2', question: 'say "hi"' }, line: 4 },
    ]);
  });

  it.each([
    ['a JSON list that is cut off', 'cut.json', '[\n{"a": 1},\n{"a"', /cut.json:1: is cut off/],
    ['an element that is no JSON', 'bad.json', '[\n{"a": 1},\n{a: 2}]', /bad.json:3: is not valid JSON/],
    [
      'an element that is no object',
      'text.json',
      '[{"a": 1},\n"x"]',
      /text.json:2: a row must be a JSON object/,
    ],
    [
      'something behind the list',
      'behind.json',
      '[{"a": 1}]\n[]',
      /behind.json:1: .*behind the end of its list/,
    ],
    ['a comma without an element', 'comma.json', '[{"a": 1},\n]', /comma.json:\d: is not valid JSON/],
    ['a line that is no JSON', 'bad.jsonl', '{"a":1}\n{"a":\n', /bad.jsonl:2: the line is not valid JSON/],
    ['a CSV row of another length', 'bad.csv', 'a,b\n1,2\n1\n', /bad.csv:3: is not valid CSV/],
    ['a CSV header with a name twice', 'twice.csv', 'a,a\n1,2\n', /twice.csv:1: .*column a twice/],
    ['a file without rows', 'empty.json', '[]', /empty.json: the file has no rows/],
    ['a kind that is not read', 'rows.xlsx', 'PK', /rows.xlsx: is not read: questions are in a .jsonl/],
  ])('are refused with their place in %s', async (_, name, content, message) => {
    await expect(read(name, content)).rejects.toThrow(message);
  });

  it('are refused where there is no file', async () => {
    await expect(readTable(join(folder.path, 'none.jsonl'), 'none.jsonl')).rejects.toThrow(
      'none.jsonl: there is no such file',
    );
  });
});
