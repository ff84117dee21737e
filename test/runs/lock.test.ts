import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withLock } from '../../scripts/lock.mjs';
import { takeLock } from '../../src/runs/lock.ts';
import { temporaryFolder } from '../temporary.ts';

const folder = temporaryFolder();

describe('takeLock', () => {
  it('lets one in, and the next after it has gone', async () => {
    const path = join(folder.path, 'a');
    const lock = await takeLock(path, 'run');
    await expect(takeLock(path, 'run')).rejects.toThrow(
      `run: process ${process.pid} is at work in this folder`,
    );
    await lock.release();
    await (await takeLock(path, 'run')).release();
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('lets only one of many in at once', async () => {
    const path = join(folder.path, 'b');
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(path, 'run')));
    expect(tries.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  it('takes over from a process that was killed', async () => {
    const path = join(folder.path, 'c');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    await writeFile(path, JSON.stringify({ pid: child.pid, host: hostname(), started: '' }));
    await expect(takeLock(path, 'run')).rejects.toThrow(`process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await takeLock(path, 'run');
    expect(JSON.parse(await readFile(path, 'utf8')).pid).toBe(process.pid);
    await lock.release();
  });

  it('is not fooled by another process that got the same pid', async () => {
    const path = join(folder.path, 'd');
    await writeFile(path, JSON.stringify({ pid: process.pid, host: hostname(), started: '1' }));
    await (await takeLock(path, 'run')).release();
  });

  it.runIf(existsSync('/proc/self/stat'))(
    'takes over from a process that is dead and not yet reaped',
    async () => {
      const path = join(folder.path, 'zombie');
      // The shell becomes `sleep`, which never asks after the child that it was left with.
      const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$" & exec sleep 60']);
      try {
        const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
        const pid = Number(chunk.toString());
        const state = () => /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
        while (state() !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
        const holder = { pid, host: hostname(), started: '' };
        await writeFile(path, JSON.stringify(holder));
        await (await takeLock(path, 'run')).release();
        const built = join(folder.path, 'build-lock');
        await mkdir(built);
        await writeFile(join(built, 'owner.json'), JSON.stringify(holder));
        expect(await withLock(built, () => 'in', expect.unreachable)).toBe('in');
      } finally {
        parent.kill();
      }
    },
  );

  it('does not wait for ever for a lock that cannot be read', async () => {
    const path = join(folder.path, 'a-folder');
    await mkdir(path);
    await expect(takeLock(path, 'run')).rejects.toThrow(/run: the folder cannot be locked .* it is a folder/);
  });

  it('takes over what is not a lock at all', async () => {
    const path = join(folder.path, 'e');
    await writeFile(path, 'half a li');
    await (await takeLock(path, 'run')).release();
  });

  it('asks a person about a process on another machine', async () => {
    const path = join(folder.path, 'f');
    await writeFile(path, JSON.stringify({ pid: 1, host: 'elsewhere', started: '' }));
    await expect(takeLock(path, 'run')).rejects.toThrow(/on elsewhere .* remove /);
  });
});
