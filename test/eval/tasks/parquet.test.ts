import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parquetRows } from '../../../src/eval/tasks/parquet.ts';
import { readTable } from '../../../src/eval/tasks/read.ts';
import { packageRoot } from '../../../src/paths.ts';
import { temporaryFolder } from '../../temporary.ts';

const folder = temporaryFolder();
const fixture = (name: string) => join(packageRoot(), 'test/fixtures/eval', name);

describe('rows of a Parquet file', () => {
  it.each(['global-mmlu.parquet', 'global-mmlu-zstd.parquet'])('come as JSON has them: %s', async (name) => {
    const { rows } = await readTable(fixture(name), name);
    expect(rows.map(({ place }) => place.line)).toEqual([1, 2, 3]);
    expect(rows[1]!.fields).toMatchObject({
      question: '¿Qué río pasa por Sevilla?',
      answer: 'B',
      is_annotated: true,
      big: 2 ** 40,
    });
    expect(rows[2]!.fields.big).toBeNull();
    expect(JSON.parse(JSON.stringify(rows[0]!.fields))).toEqual(rows[0]!.fields);
  });

  it('are refused with the reason where the file is cut or something else', async () => {
    const whole = readFileSync(fixture('global-mmlu.parquet'));
    for (const [name, bytes] of [
      ['cut.parquet', whole.subarray(0, whole.length - 100)],
      ['text.parquet', Buffer.from('{"a": 1}\n')],
      ['empty.parquet', Buffer.alloc(0)],
    ] as const) {
      writeFileSync(join(folder.path, name), bytes);
      await expect(parquetRows(join(folder.path, name), name)).rejects.toThrow(
        new RegExp(`^${name}: cannot be read as Parquet: `),
      );
    }
  });
});
