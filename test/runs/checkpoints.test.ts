import { mkdir, readdir, readFile, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Checkpoint,
  listCheckpoints,
  pruneCheckpoints,
  trainerPaths,
  writeCheckpoint,
} from '../../src/runs/checkpoints.ts';
import { makeRunFolder } from '../../src/runs/run-files.ts';
import { temporaryFolder } from '../temporary.ts';

const folder = temporaryFolder();

async function run(name: string): Promise<string> {
  const dir = join(folder.path, name);
  await makeRunFolder(dir, name);
  return dir;
}

const fill = (step: number) => async (dir: string) => {
  const paths = trainerPaths(dir);
  await mkdir(paths.folder);
  await writeFile(join(dir, 'config.json'), '{}');
  await writeFile(paths.optimizer, '');
  await writeFile(paths.state, JSON.stringify({ format: 1, global_step: step }));
};

describe('checkpoints', () => {
  it('appear under their step only when whole', async () => {
    const dir = await run('whole');
    await writeCheckpoint(dir, 7, async (aside) => {
      expect(await listCheckpoints(dir)).toEqual([]);
      await fill(7)(aside);
    });
    expect(await readdir(join(dir, 'checkpoints'))).toEqual(['step-000007']);
  });

  it('survive a save that fails, which leaves nothing behind', async () => {
    const dir = await run('failing');
    await writeCheckpoint(dir, 1, fill(1));
    const failing = writeCheckpoint(dir, 2, async (aside) => {
      await fill(2)(aside);
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    });
    await expect(failing).rejects.toThrow('no space');
    expect(await readdir(join(dir, 'checkpoints'))).toEqual(['step-000001']);
  });

  it('are pruned to the newest of the run, never to none', async () => {
    const dir = await run('pruned');
    for (const step of [1, 2, 10, 1_000_000]) await writeCheckpoint(dir, step, fill(step));
    const steps = (found: readonly Checkpoint[]) => found.map(({ step }) => step);
    const kept = await pruneCheckpoints(await listCheckpoints(dir), 3);
    expect(steps(kept)).toEqual([2, 10, 1_000_000]);
    expect(steps(await pruneCheckpoints(kept, 0))).toEqual([1_000_000]);
    expect(steps(await listCheckpoints(dir))).toEqual([1_000_000]);
  });

  it('are pruned but for the best, however old it is', async () => {
    const dir = await run('best');
    for (const step of [1, 2, 3, 4]) await writeCheckpoint(dir, step, fill(step));
    const kept = await pruneCheckpoints(await listCheckpoints(dir), 1, 2);
    expect(kept.map(({ step }) => step)).toEqual([2, 4]);
    expect((await listCheckpoints(dir)).map(({ step }) => step)).toEqual([2, 4]);
  });

  it('are never pruned for what else lies in the folder, which stays', async () => {
    const dir = await run('strangers');
    await mkdir(join(dir, 'checkpoints', 'step-000900'));
    const { checkpoint } = await writeCheckpoint(dir, 2, fill(2));
    await pruneCheckpoints([checkpoint], 1);
    expect(await readdir(join(dir, 'checkpoints'))).toEqual(['step-000002', 'step-000900']);
  });

  it('are listed as none only where there is no folder', async () => {
    const dir = await run('unreadable');
    const checkpoints = join(dir, 'checkpoints');
    await rmdir(checkpoints);
    expect(await listCheckpoints(dir)).toEqual([]);
    await writeFile(checkpoints, '');
    await expect(listCheckpoints(dir)).rejects.toThrow('must be a folder, found a file');
    await rm(checkpoints);
    await symlink('checkpoints', checkpoints);
    await expect(listCheckpoints(dir)).rejects.toThrow('a link that leads back to itself');
    await rm(checkpoints);
    await symlink('a-disk-that-is-not-mounted', checkpoints);
    await expect(listCheckpoints(dir)).rejects.toThrow('a link that leads to no folder');
  });

  it('of a step that is saved again are replaced and kept aside', async () => {
    const dir = await run('again');
    await writeCheckpoint(dir, 1, async () => {});
    const { checkpoint } = await writeCheckpoint(dir, 1, fill(1));
    expect(await readFile(join(checkpoint.dir, 'config.json'), 'utf8')).toBe('{}');
    expect(await readdir(join(dir, 'checkpoints'))).toEqual(['step-000001']);
    expect(await readdir(join(dir, 'set-aside'))).toEqual(['step-000001']);
  });
});
