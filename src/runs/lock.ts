/** One process at a time in a folder of a run or of results. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.ts';
import { asUserError, isNotThere, TEMPORARY } from './run-files.ts';

/** Who holds a lock. */
interface Holder {
  pid: number;
  host: string;
  /** When the process started, in the kernel's ticks: tells it from a later one that got the same pid. */
  started: string;
}

/** A lock that is held. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock file `path`. The holder's pid is in it, so that a lock whose process was killed counts for nothing
 * at once (a lock by age would have to wait, and a run that is killed is meant to be resumed right away).
 *
 * @throws UserError if another process that is alive, or on another machine, holds it, or the folder takes no lock.
 */
export async function takeLock(path: string, shown: string): Promise<Lock> {
  try {
    return await take(path, shown);
  } catch (error) {
    throw asUserError(error, shown, `the folder cannot be locked by ${path}`);
  }
}

async function take(path: string, shown: string): Promise<Lock> {
  const mine = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    started: statOf(process.pid)?.started ?? '',
  } satisfies Holder);
  const aside = join(dirname(path), `${TEMPORARY}${randomBytes(6).toString('hex')}`);
  await writeFile(aside, mine);
  try {
    // link() fails if the name is taken and, unlike open(.., 'wx'), never shows a lock without its holder.
    while (!(await linked(aside, path))) {
      const found = await readIfThere(path);
      if (found === undefined) continue;
      const holder = parse(found);
      if (holder !== undefined && mayLive(holder)) throw inUse(holder, path, shown);
      await discard(path, found);
    }
  } finally {
    await rm(aside, { force: true });
  }
  return {
    async release() {
      const found = await readIfThere(path);
      if (found === mine) await rm(path, { force: true });
    },
  };
}

/** Undefined if it has gone; what cannot be read must not be taken for that, or the wait for it would never end. */
async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  return link(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
}

/** Moves a dead lock away; puts it back if another process has replaced it by a live one in between. */
async function discard(path: string, dead: string): Promise<void> {
  const away = join(dirname(path), `${TEMPORARY}${randomBytes(6).toString('hex')}`);
  await rename(path, away).catch(() => {});
  const moved = await readFile(away, 'utf8').catch(() => undefined);
  if (moved !== undefined && moved !== dead) await linked(away, path);
  await rm(away, { force: true });
}

function parse(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    if (typeof holder?.pid === 'number' && typeof holder.host === 'string') {
      return { pid: holder.pid, host: holder.host, started: String(holder.started ?? '') };
    }
  } catch {
    // Written by nothing of ours; nobody can be asked whether it lives.
  }
  return undefined;
}

function mayLive({ pid, host, started }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const now = statOf(pid);
  // A zombie answers to signals until its parent reaps it, which in a container without an init is never.
  if (now !== undefined && /^[ZXx]$/.test(now.state)) return false;
  return started === '' || (now?.started ?? '') === started;
}

/** State and start time of a process: fields 3 and 22 of its stat, after the name in brackets; nothing without /proc. */
function statOf(pid: number): { state: string; started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

function inUse({ pid, host }: Holder, path: string, shown: string): UserError {
  const message =
    host === hostname()
      ? `process ${pid} is at work in this folder`
      : `process ${pid} on ${host} is at work in this folder; if it is not, remove ${path}`;
  return new UserError({ file: shown, message });
}
