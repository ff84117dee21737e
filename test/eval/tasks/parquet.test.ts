import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
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

  it('are read or refused whatever bytes of the file are changed', async () => {
    const random = seedrandom('parquet');
    const unheard: unknown[] = [];
    const hear = (reason: unknown) => unheard.push(reason);
    process.on('unhandledRejection', hear);
    for (const name of ['global-mmlu.parquet', 'global-mmlu-zstd.parquet'])
      for (let i = 0; i < 300; i++) {
        const bytes = readFileSync(fixture(name));
        for (let change = 0; change < 3; change++)
          bytes[Math.floor(random() * bytes.length)] = Math.floor(256 * random());
        writeFileSync(join(folder.path, 'changed.parquet'), bytes);
        const failed = await parquetRows(join(folder.path, 'changed.parquet'), 'changed.parquet').then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failed !== undefined) expect(failed).toBeInstanceOf(UserError);
      }
    // Node.js tells of them a turn later.
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', hear);
    expect(unheard).toEqual([]);
  });
});
