import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { sha256OfFiles } from '../../src/runs/hash-cache.ts';
import { temporaryFolder } from '../temporary.ts';
import { ownCache } from './cache-home.ts';

const folder = temporaryFolder();
ownCache(folder);

const LONG_AGO = new Date('2024-05-01T12:00:00Z');
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const entries = () => join(folder.path, 'cache', 'isogloss', 'weights');
let path: string;

/** Writes a file in place, as if it had been written at `at`. */
async function write(text: string, at = LONG_AGO, file = path): Promise<void> {
  await writeFile(file, text);
  await utimes(file, at, at);
}

/** The hash, and whether bytes were read for it. */
async function hashed(file = path): Promise<{ hash: string; isRead: boolean }> {
  let isRead = false;
  const [hash] = await sha256OfFiles([file], { said: 0, message: () => void (isRead = true) });
  return { hash: hash!, isRead };
}

beforeEach(async () => {
  await rm(join(folder.path, 'cache'), { recursive: true, force: true });
  path = join(folder.path, 'file');
  await write('one');
});

describe('the hash of a file', () => {
  it('is read from the cache the second time, also through a link', async () => {
    expect(await hashed()).toEqual({ hash: hashOf('one'), isRead: true });
    expect(await hashed()).toEqual({ hash: hashOf('one'), isRead: false });
    await symlink(path, join(folder.path, 'link'));
    expect(await hashed(join(folder.path, 'link'))).toEqual({ hash: hashOf('one'), isRead: false });
  });

  it.each([
    ['mtime, by as little as a millisecond', () => write('two', new Date(LONG_AGO.getTime() + 1)), 'two'],
    ['mtime alone', () => write('one', new Date(0)), 'one'],
    ['size', () => write('three'), 'three'],
    [
      'inode',
      async () => {
        await write('two', LONG_AGO, `${path}-new`);
        await rename(`${path}-new`, path);
      },
      'two',
    ],
  ])('is computed again after a change of %s', async (_, change, text) => {
    await hashed();
    await change();
    expect(await hashed()).toEqual({ hash: hashOf(text), isRead: true });
  });

  it('does not see bytes changed in place whose mtime was put back, as is said of it', async () => {
    await hashed();
    await write('two');
    expect(await hashed()).toEqual({ hash: hashOf('one'), isRead: false });
  });

  it('is not kept while the file is new: it could change once more within a tick of the clock', async () => {
    await write('one', new Date());
    await hashed();
    expect((await hashed()).isRead).toBe(true);
  });

  it('is refused when the file changes while it is read', async () => {
    const hashing = sha256OfFiles([path], { said: 0, message: () => appendFileSync(path, 'more') });
    await expect(hashing).rejects.toThrow(`${path}: was changed while it was read; wait until it is whole`);
    expect(await hashed()).toEqual({ hash: hashOf('onemore'), isRead: true });
  });

  it('of many files comes in their order, whichever of them are known', async () => {
    const paths = ['a', 'b', 'c'].map((name) => join(folder.path, name));
    for (const path of paths) await write(path, LONG_AGO, path);
    await hashed(paths[1]);
    expect(await sha256OfFiles(paths)).toEqual(paths.map(hashOf));
  });

  it('tells beforehand how much is read, if that is much', async () => {
    const said: string[] = [];
    const message = (text: string) => void said.push(text);
    await sha256OfFiles([path], { message });
    expect(said).toEqual([]);
    await write('x'.repeat(60_000_000));
    await sha256OfFiles([path], { message, said: 50_000_000 });
    expect(said).toEqual(['hashing 0.1 GB of weights, once, to tell this model from others']);
  });

  it('names a file that is not there', async () => {
    await expect(sha256OfFiles([join(folder.path, 'gone')])).rejects.toThrow(/gone: cannot be read/);
  });
});

describe('the cache', () => {
  const entry = async () => join(entries(), (await readdir(entries()))[0]!);

  it.each([
    ['cut short', (text: string) => text.slice(0, 40)],
    ['empty', () => ''],
    ['null', () => 'null'],
    ['of another hash', (text: string) => text.replace(/"sha256":"./, '"sha256":"x')],
    ['one digit off', (text: string) => text.replace(hashOf('one'), hashOf('two'))],
    ['of another format', () => '{"sha256":7}'],
  ])('heals an entry that is %s', async (_, harm) => {
    await hashed();
    const whole = await readFile(await entry(), 'utf8');
    await writeFile(await entry(), harm(whole));
    expect(await hashed()).toEqual({ hash: hashOf('one'), isRead: true });
    expect(await readFile(await entry(), 'utf8')).toBe(whole);
    expect((await hashed()).isRead).toBe(false);
  });

  it('is whole when many write it at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => hashed()));
    expect(await readdir(entries())).toHaveLength(1);
    expect((await hashed()).isRead).toBe(false);
  });

  it('does not grow without bound: the oldest entries and what was left half-written go', async () => {
    await mkdir(entries(), { recursive: true });
    await writeFile(join(entries(), 'notes.txt'), 'not an entry');
    const old = Array.from({ length: 300 }, (_, i) => `${hashOf(`${i}`).slice(0, 32)}.json`);
    old[0] += '.0123456789ab';
    for (const [i, name] of old.entries()) {
      await writeFile(join(entries(), name), '{}');
      await utimes(join(entries(), name), i, i);
    }
    await hashed();
    const left = await readdir(entries());
    expect(left).toHaveLength(257);
    expect(left).toContain('notes.txt');
    expect(left).toContain(old.at(-1));
    expect(left).not.toContain(old[0]);
    expect((await hashed()).isRead).toBe(false);
  });

  it('that cannot be written to costs time only', async () => {
    await writeFile(join(folder.path, 'cache'), 'a file where the folder should be');
    expect(await hashed()).toEqual({ hash: hashOf('one'), isRead: true });
    expect(await hashed()).toEqual({ hash: hashOf('one'), isRead: true });
  });
});
