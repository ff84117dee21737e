import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { hashFiles } from '../../src/runs/file-hash.ts';
import { temporaryFolder } from '../temporary.ts';

const folder = temporaryFolder();

describe('hashFiles', () => {
  it.each([
    ['in this thread', undefined],
    ['in threads of their own', 0],
  ])('gives SHA-256 of all bytes of each file in their order, %s', async (_, small) => {
    // More files than threads; the second is longer than a read and ends within one.
    const contents = ['a', 'b'.repeat((4 << 20) + 5), '', 'd', 'e', 'f'];
    const files = contents.map((text, i) => ({ path: join(folder.path, `${i}`), size: text.length }));
    for (const [i, { path }] of files.entries()) await writeFile(path, contents[i]!);
    expect(await hashFiles(files, small)).toEqual(
      contents.map((text) => createHash('sha256').update(text).digest('hex')),
    );
  });

  it.each([
    ['in this thread', 1],
    ['in a thread', 1e9],
  ])('names a file that cannot be read %s', async (_, size) => {
    const path = join(folder.path, 'gone');
    const hashing = hashFiles([{ path, size }]);
    await expect(hashing).rejects.toThrow(UserError);
    await expect(hashing).rejects.toThrow(`${path}: cannot be read`);
  });
});
