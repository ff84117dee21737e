// @ts-check
/** A lock between processes, for work that must not be done twice at once. Plain Node: it is needed before npm has run. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The holder touches its lock this often, so that a lock left behind on another host is told from a live one. */
const BEAT_MS = 2_000;
const DEAD_AFTER_MS = 60_000;
const POLL_MS = 200;

/**
 * Runs `work` while holding the directory `lock`; waits for another holder, and takes over from one that has died.
 *
 * @template T
 * @param {string} lock directory that is the lock
 * @param {() => T | Promise<T>} work
 * @param {(holder: string) => void} [onWait] called once if somebody else holds it
 * @returns {Promise<T>}
 */
export async function withLock(lock, work, onWait) {
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  for (let waited = false; !tryTake(lock); waited = true) {
    const owner = readOwner(lock);
    if (isDead(lock, owner)) removeDead(lock);
    else {
      if (!waited) onWait?.(owner ? `process ${owner.pid}` : 'another process');
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  const beat = setInterval(() => touch(lock), BEAT_MS);
  beat.unref();
  // A signal without a handler ends the process; a lock left then is recognised as dead by its owner's id.
  try {
    return await work();
  } finally {
    clearInterval(beat);
    drop(lock);
  }
}

/** @param {string} lock */
function tryTake(lock) {
  // Made aside and renamed, so that a lock is never seen without its owner. Renaming onto a non-empty directory fails.
  const aside = `${lock}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  fs.mkdirSync(aside);
  fs.writeFileSync(path.join(aside, 'owner.json'), JSON.stringify({ pid: process.pid, host: os.hostname() }));
  try {
    fs.renameSync(aside, lock);
    return true;
  } catch (error) {
    fs.rmSync(aside, { recursive: true, force: true });
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM') return false;
    throw error;
  }
}

/**
 * @param {string} lock
 * @returns {{ pid: number, host: string } | undefined}
 */
function readOwner(lock) {
  try {
    return JSON.parse(fs.readFileSync(path.join(lock, 'owner.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} lock
 * @param {{ pid: number, host: string } | undefined} owner
 */
function isDead(lock, owner) {
  if (owner && owner.host === os.hostname()) {
    try {
      process.kill(owner.pid, 0);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH') return true;
    }
    if (isZombie(owner.pid)) return true;
  }
  // On another host, or a process id that has been given out again: the beat tells.
  const stat = fs.statSync(lock, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > DEAD_AFTER_MS;
}

/**
 * Has it ended without its parent having reaped it? Such a process still answers to signals. False without /proc.
 *
 * @param {number} pid
 */
function isZombie(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The state comes after the name, which stands in brackets and may hold any character.
    return /^[ZXx]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/**
 * Removes a dead lock. Two processes may come here at once, and the slower must not remove the lock that the faster
 * has taken meanwhile: so one at a time, and each looks again.
 *
 * @param {string} lock
 */
function removeDead(lock) {
  const gate = `${lock}.gate`;
  try {
    fs.mkdirSync(gate);
  } catch {
    const stat = fs.statSync(gate, { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > DEAD_AFTER_MS) fs.rmSync(gate, { recursive: true, force: true });
    return;
  }
  try {
    if (isDead(lock, readOwner(lock))) drop(lock);
  } finally {
    fs.rmSync(gate, { recursive: true, force: true });
  }
}

/**
 * Renamed away before it is emptied: an empty directory in its place could be taken by the next one meanwhile.
 *
 * @param {string} lock
 */
function drop(lock) {
  const aside = `${lock}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    fs.renameSync(lock, aside);
  } catch {
    return; // not there any more
  }
  fs.rmSync(aside, { recursive: true, force: true });
}

/** @param {string} lock */
function touch(lock) {
  try {
    const now = new Date();
    fs.utimesSync(lock, now, now);
  } catch {
    // Gone: somebody removed the build folder. What is being made then fails by itself.
  }
}
