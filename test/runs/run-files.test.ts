import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import {
  asUserError,
  exists,
  makeRunFolder,
  removeTemporaries,
  replaceFile,
  requireNewRun,
  requireSpace,
} from '../../src/runs/run-files.ts';
import { temporaryFolder } from '../temporary.ts';

const folder = temporaryFolder();

describe('a run folder', () => {
  it('is refused if it holds a run, naming the verb that goes on with it', async () => {
    const run = join(folder.path, 'taken');
    await makeRunFolder(run, 'taken');
    await writeFile(join(run, 'recipe.resolved.yaml'), '');
    await expect(requireNewRun(run, 'taken')).rejects.toThrow('isogloss resume taken');
  });

  it('is refused below a file, and where nothing can be written, before anything is made', async () => {
    await writeFile(join(folder.path, 'file'), '');
    await expect(requireNewRun(join(folder.path, 'file', 'run'), 'file/run')).rejects.toThrow('is a file');
    await expect(makeRunFolder('/proc/nowhere/run', '/proc/nowhere/run')).rejects.toBeInstanceOf(UserError);
  });

  it.each(['checkpoints/step-000900', 'checkpoints/mine', 'metrics.jsonl', 'run.json'])(
    'is refused if it holds %s of another run',
    async (left) => {
      const run = join(folder.path, left.replaceAll('/', '-'));
      await mkdir(join(run, left), { recursive: true });
      await expect(requireNewRun(run, 'r')).rejects.toThrow(`r: there is no run in this folder, but ${left}`);
    },
  );

  it('may hold what a save left half written', async () => {
    const run = join(folder.path, 'half');
    await mkdir(join(run, 'checkpoints', '.tmp-step-000002-7'), { recursive: true });
    await expect(requireNewRun(run, 'half')).resolves.toBeUndefined();
  });

  it('may be any path that can be made, or an empty folder', async () => {
    await expect(requireNewRun(join(folder.path, 'a', 'b', 'c'), 'c')).resolves.toBeUndefined();
    await mkdir(join(folder.path, 'empty'));
    await expect(requireNewRun(join(folder.path, 'empty'), 'empty')).resolves.toBeUndefined();
    expect(await readdir(join(folder.path, 'empty'))).toEqual([]);
  });

  it('is refused on a disk without the room', async () => {
    await expect(requireSpace(folder.path, 1e18, 'a checkpoint')).rejects.toThrow(
      /a checkpoint takes .* GiB are free/,
    );
    await expect(requireSpace(folder.path, 1, 'a checkpoint')).resolves.toBeUndefined();
  });
});

describe('exists', () => {
  it('is false only for what is not there', async () => {
    await writeFile(join(folder.path, 'plain'), '');
    expect(await exists(join(folder.path, 'none'))).toBe(false);
    expect(await exists(join(folder.path, 'plain', 'below'))).toBe(false);
    await symlink('loop', join(folder.path, 'loop'));
    await expect(exists(join(folder.path, 'loop'))).rejects.toThrow(/loop: cannot be looked at/);
  });
});

describe('replaceFile', () => {
  it('leaves the old file and no rubbish when the write fails', async () => {
    const path = join(folder.path, 'dir-in-the-way');
    await mkdir(join(path, 'full'), { recursive: true });
    await expect(replaceFile(path, 'new')).rejects.toThrow();
    expect((await readdir(folder.path)).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
  });

  it('replaces', async () => {
    const path = join(folder.path, 'small');
    await replaceFile(path, 'one');
    await replaceFile(path, 'two');
    expect(await readFile(path, 'utf8')).toBe('two');
  });
});

describe('removeTemporaries', () => {
  it('removes what was left half written and nothing else', async () => {
    const run = join(folder.path, 'leftovers');
    await makeRunFolder(run, 'leftovers');
    await mkdir(join(run, 'checkpoints', '.tmp-step-000003-77', 'trainer'), { recursive: true });
    await mkdir(join(run, 'checkpoints', 'step-000002'));
    await writeFile(join(run, '.tmp-abc'), '');
    await writeFile(join(run, 'metrics.jsonl'), '');
    await removeTemporaries(run);
    expect((await readdir(run)).sort()).toEqual(['checkpoints', 'metrics.jsonl']);
    expect(await readdir(join(run, 'checkpoints'))).toEqual(['step-000002']);
  });
});

describe('asUserError', () => {
  it('puts a full disk into words and leaves programming errors alone', () => {
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
    expect(String(asUserError(full, 'runs/a', 'the checkpoint cannot be saved'))).toContain(
      'the disk is full',
    );
    const bug = new TypeError('x is undefined');
    expect(asUserError(bug, 'runs/a', 'saving')).toBe(bug);
  });
});
