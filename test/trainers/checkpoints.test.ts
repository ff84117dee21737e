import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  listCheckpoints,
  newestCheckpoint,
  pruneCheckpoints,
  trainerPaths,
  writeCheckpoint,
} from '../../src/trainers/checkpoints.ts';
import { makeRunFolder } from '../../src/trainers/run-files.ts';
import { temporaryFolder } from './temporary.ts';

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
    expect((await newestCheckpoint(dir, () => {}))?.checkpoint.step).toBe(1);
  });

  it('are pruned to the newest, never to none', async () => {
    const dir = await run('pruned');
    for (const step of [1, 2, 10, 1_000_000]) await writeCheckpoint(dir, step, fill(step));
    await pruneCheckpoints(dir, 3);
    expect((await listCheckpoints(dir)).map(({ step }) => step)).toEqual([2, 10, 1_000_000]);
    await pruneCheckpoints(dir, 0);
    expect((await listCheckpoints(dir)).map(({ step }) => step)).toEqual([1_000_000]);
  });

  it('are passed over when damaged, with a word, for the newest that is whole', async () => {
    const dir = await run('damaged');
    for (const step of [1, 2, 3]) await writeCheckpoint(dir, step, fill(step));
    await rm(join(dir, 'checkpoints/step-000003/trainer/optimizer.safetensors'));
    await writeFile(join(dir, 'checkpoints/step-000002/trainer/state.json'), '{"format": 1, "glo');
    const said: string[] = [];
    const newest = await newestCheckpoint(dir, (reason) => said.push(reason));
    expect(newest?.checkpoint.step).toBe(1);
    expect(said).toHaveLength(2);
  });

  it('of a step that is saved again are replaced', async () => {
    const dir = await run('again');
    await writeCheckpoint(dir, 1, async () => {});
    const { checkpoint } = await writeCheckpoint(dir, 1, fill(1));
    expect(await readFile(join(checkpoint.dir, 'config.json'), 'utf8')).toBe('{}');
    expect(await readdir(join(dir, 'checkpoints'))).toEqual(['step-000001']);
  });
});
