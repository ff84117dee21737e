import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { fetchDataset, parseHubId } from '../../src/hub/index.ts';
import { localHub } from './environment.ts';
import { COMMIT } from './server.ts';

const local = localHub(
  () =>
    new Map([
      ['README.md', Buffer.from('# Data')],
      ['data/es/test-00000-of-00002.jsonl', Buffer.from('1')],
      ['data/es/test-00001-of-00002.jsonl', Buffer.from('2')],
      ['data/ko/test.jsonl', Buffer.from('3')],
    ]),
);
const filesOf = (...languages: string[]) => ({
  folders: languages.map((language) => `data/${language}`),
  needs: languages.map((language) => ({
    what: `questions in ${language}`,
    fits: (name: string) => name.startsWith(`data/${language}/`),
  })),
});
const get = (files = filesOf('es'), id = 'org/name') =>
  fetchDataset(parseHubId(id)!, files, { attempts: 1, wait: 1 });

describe('a data set by its name', () => {
  it('comes into the cache as data sets lie there, from folders in folders, and only what is needed', async () => {
    const dir = await get();
    expect(dir).toBe(join(local.home, 'hub', 'datasets--org--name', 'snapshots', COMMIT));
    expect(readFileSync(join(dir, 'data/es/test-00001-of-00002.jsonl'), 'utf8')).toBe('2');
    expect(existsSync(join(dir, 'README.md'))).toBe(false);
    expect(existsSync(join(dir, 'data/ko'))).toBe(false);
    expect(local.hub.seen.every(({ path }) => /^\/(api\/)?datasets\/org\/name\//.test(path))).toBe(true);
  });

  it('is taken from the cache without a request', async () => {
    await get();
    local.hub.seen.length = 0;
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await get();
    expect(local.hub.seen).toEqual([]);
  });

  it('is completed where a part of a file or another language is missing', async () => {
    const dir = await get();
    rmSync(join(dir, 'data/es/test-00001-of-00002.jsonl'));
    await get();
    expect(existsSync(join(dir, 'data/es/test-00001-of-00002.jsonl'))).toBe(true);
    await get(filesOf('es', 'ko'));
    expect(readFileSync(join(dir, 'data/ko/test.jsonl'), 'utf8')).toBe('3');
  });

  it('is refused where it has not what is needed, and nothing is fetched', async () => {
    await expect(get(filesOf('es', 'fr'))).rejects.toThrow(
      'org/name has no file of questions in fr. It has README.md',
    );
    expect(local.hub.seen.some(({ path }) => path.includes('/resolve/'))).toBe(false);
  });

  it('is called a data set in errors', async () => {
    await expect(get(filesOf('es'), 'org/other')).rejects.toThrow(
      'there is no data set org/other here or at',
    );
    local.hub.behaviour.gatedFor = 'token';
    await expect(get()).rejects.toThrow(`accept its licence at ${local.hub.url}/datasets/org/name`);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(get()).rejects.toThrow('the data set org/name is not in the cache');
  });
});
