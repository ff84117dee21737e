import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { withLock } from '../../scripts/lock.mjs';
import { packageRoot } from '../../src/paths.ts';

const newLock = () => join(mkdtempSync(join(tmpdir(), 'isogloss-lock-')), '.lock');

/** Leaves a lock behind as a process that was killed does. */
function abandon(lock: string, pid: number, host: string, age = 0): void {
  mkdirSync(lock);
  writeFileSync(join(lock, 'owner.json'), JSON.stringify({ pid, host }));
  const time = new Date(Date.now() - age);
  utimesSync(lock, time, time);
}

/** A process id that nobody has: that of a child which has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => child.on('close', resolve));
  return child.pid!;
}

describe('the set-up lock', () => {
  it('lets one in at a time, also from several processes', async () => {
    const lock = newLock();
    const log = join(lock, '..', 'log');
    writeFileSync(log, '');
    const script = `
      import { appendFileSync } from 'node:fs';
      import { withLock } from ${JSON.stringify(pathToFileURL(join(packageRoot(), 'scripts/lock.mjs')).href)};
      for (let i = 0; i < 3; i++) await withLock(${JSON.stringify(lock)}, async () => {
        appendFileSync(${JSON.stringify(log)}, 'in ');
        await new Promise((resolve) => setTimeout(resolve, 20));
        appendFileSync(${JSON.stringify(log)}, 'out\\n');
      });`;
    const codes = await Promise.all(
      [0, 1, 2, 3].map(
        () =>
          new Promise((resolve) =>
            spawn(process.execPath, ['--input-type=module', '-e', script]).on('close', resolve),
          ),
      ),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(readFileSync(log, 'utf8')).toBe('in out\n'.repeat(12));
    expect(readdirSync(join(lock, '..'))).toEqual(['log']);
  });

  it('is given back when the work fails', async () => {
    const lock = newLock();
    await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(lock)).toBe(false);
  });

  it('is taken over from a process that died', async () => {
    const lock = newLock();
    abandon(lock, await deadPid(), hostname());
    expect(await withLock(lock, () => 'mine')).toBe('mine');
  });

  it('is taken over from another host that has gone silent, not from one that beats', async () => {
    const lock = newLock();
    abandon(lock, 1, 'elsewhere', 3_600_000);
    expect(await withLock(lock, () => 'mine')).toBe('mine');
    abandon(lock, 1, 'elsewhere');
    const waits: string[] = [];
    const taken = withLock(
      lock,
      () => 'mine',
      (holder) => waits.push(holder),
    );
    expect(await Promise.race([taken, new Promise((resolve) => setTimeout(resolve, 500, 'waiting'))])).toBe(
      'waiting',
    );
    expect(waits).toEqual(['process 1']);
    const old = new Date(0);
    utimesSync(lock, old, old);
    expect(await taken).toBe('mine');
  });
});
