import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Line, readLines } from '../src/lines.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isogloss-lines-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function write(name: string, bytes: string | Uint8Array): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, bytes);
  return path;
}

async function collect(lines: AsyncGenerator<Line>): Promise<Line[]> {
  const all: Line[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe('readLines', () => {
  it('numbers lines from 1 and keeps empty ones', async () => {
    const path = await write('a.jsonl', 'one\n\nthree\n');
    expect(await collect(readLines(path))).toEqual([
      { number: 1, text: 'one' },
      { number: 2, text: '' },
      { number: 3, text: 'three' },
    ]);
  });

  it('reads a last line without a newline, and characters and lines longer than a chunk', async () => {
    const long = '한국어'.repeat(400_000);
    const path = await write('b.jsonl', `${long}\nend`);
    expect((await collect(readLines(path))).map((line) => line.text)).toEqual([long, 'end']);
  });

  it('unpacks .gz', async () => {
    const path = await write('c.jsonl.gz', gzipSync('one\ntwo\n'));
    expect((await collect(readLines(path))).map((line) => line.text)).toEqual(['one', 'two']);
  });

  it('refuses a line longer than allowed, at its number', async () => {
    const path = await write('d.jsonl', `ok\n${'x'.repeat(101)}`);
    await expect(collect(readLines(path, 'd.jsonl', 100))).rejects.toThrow(
      /^d\.jsonl:2: the line is longer than 100 bytes/,
    );
  });

  it('refuses a gzip bomb of one line without unpacking it whole', async () => {
    const path = await write('bomb.gz', gzipSync(Buffer.alloc(256 * 1024 * 1024)));
    const before = process.memoryUsage().rss;
    await expect(collect(readLines(path, 'bomb.gz', 1 << 20))).rejects.toThrow(
      'bomb.gz:1: the line is longer',
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  });

  it('refuses bytes that are not UTF-8, at their line', async () => {
    const path = await write('e.jsonl', Buffer.from([0x61, 0x0a, 0xff, 0xfe, 0x0a]));
    await expect(collect(readLines(path, 'e.jsonl'))).rejects.toThrow(
      'e.jsonl:2: the line is not valid UTF-8',
    );
  });

  it('refuses a broken gzip stream', async () => {
    const path = await write('f.gz', gzipSync('one\ntwo\n'.repeat(1000)).subarray(0, 40));
    await expect(collect(readLines(path, 'f.gz'))).rejects.toThrow('f.gz: cannot be read to its end');
  });

  it('says that a file is missing, a directory, or not a regular file', async () => {
    await expect(collect(readLines(join(dir, 'none'), 'none'))).rejects.toThrow(
      'none: there is no such file',
    );
    await expect(collect(readLines(dir, 'd'))).rejects.toThrow('d: is a directory');
    await expect(collect(readLines('/dev/zero', '/dev/zero'))).rejects.toThrow('is not a regular file');
  });
});
