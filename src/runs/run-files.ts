/** The files of a run folder and the ways of writing them that a crash, a kill or a power cut cannot leave half done. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors.ts';
import { writeFileSynced } from '../model/files/index.ts';

/** Paths inside a run folder (design: "Files of a run"). */
export const runPaths = (runDir: string) => ({
  recipe: join(runDir, 'recipe.resolved.yaml'),
  run: join(runDir, 'run.json'),
  metrics: join(runDir, 'metrics.jsonl'),
  lock: join(runDir, '.lock'),
  checkpoints: join(runDir, 'checkpoints'),
  aside: join(runDir, 'set-aside'),
});

/** Everything written aside, to be renamed into place, starts so; what is left of it after a crash is rubbish. */
export const TEMPORARY = '.tmp-';

/** Writes a small file so that its path holds either the old bytes or the new ones, whole. */
export async function replaceFile(path: string, data: string | Uint8Array): Promise<void> {
  const aside = join(dirname(path), `${TEMPORARY}${randomBytes(6).toString('hex')}`);
  try {
    await writeFileSynced(aside, data);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Flushes a directory's entries to the disk: without it a rename may be undone by a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Flushes every file and directory below `path`, whoever wrote them; returns the bytes of the files. */
export async function syncTree(path: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) {
      bytes += await syncTree(child);
      continue;
    }
    const handle = await open(child, 'r');
    try {
      await handle.sync();
      bytes += (await handle.stat()).size;
    } finally {
      await handle.close();
    }
  }
  await syncDirectory(path);
  return bytes;
}

/** Removes what earlier processes left half written in a run folder; call only while holding its lock. */
export async function removeTemporaries(runDir: string): Promise<void> {
  for (const folder of [runDir, runPaths(runDir).checkpoints]) {
    for (const name of await listFolder(folder)) {
      if (name.startsWith(TEMPORARY)) await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

/**
 * Moves a file or folder of a run to `set-aside/` in the run's folder, under a name that is free; returns where it is
 * now. For what a resumption cannot use and must neither count nor lose.
 */
export async function setAside(runDir: string, path: string): Promise<string> {
  const { aside } = runPaths(runDir);
  await mkdir(aside, { recursive: true });
  const taken = new Set(await readdir(aside));
  const name = basename(path);
  let free = name;
  for (let n = 2; taken.has(free); n++) free = `${name}-${n}`;
  await rename(path, join(aside, free));
  await syncDirectory(aside);
  return join(aside, free);
}

/**
 * Can a new run live at `runDir`? Asked before data and weights are loaded; nothing is written.
 *
 * @throws UserError if there is a run already or what one leaves behind, the path cannot be made or written to, or the disk is full.
 */
export async function requireNewRun(runDir: string, shown: string): Promise<void> {
  if (await exists(runPaths(runDir).recipe)) {
    const message = 'there is a run in this folder already';
    throw new UserError({
      file: shown,
      message: `${message}; go on with \`isogloss resume ${shown}\`, or name another`,
    });
  }
  const left = await leftOfARun(runDir);
  if (left !== undefined) {
    const message = `there is no run in this folder, but ${left} of another lies there; move it away, or name another folder`;
    throw new UserError({ file: shown, message });
  }
  await requireWritable(runDir, shown);
}

/** What a new run would replace, cut or count as its own. */
async function leftOfARun(runDir: string): Promise<string | undefined> {
  const paths = runPaths(runDir);
  const saved = (await listFolder(paths.checkpoints)).find((name) => !name.startsWith(TEMPORARY));
  if (saved !== undefined) return `checkpoints/${saved}`;
  for (const path of [paths.metrics, paths.run]) if (await exists(path)) return basename(path);
  return undefined;
}

/** @throws UserError if `path`, or the nearest folder above it that exists, cannot be written to. */
export async function requireWritable(path: string, shown: string): Promise<void> {
  let folder = path;
  for (;;) {
    try {
      if (!(await stat(folder)).isDirectory()) {
        throw new UserError({ file: shown, message: `the run folder cannot be made: ${folder} is a file` });
      }
      await access(folder, constants.W_OK | constants.X_OK);
      return;
    } catch (error) {
      if (error instanceof UserError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      if ((code === 'ENOENT' || code === 'ENOTDIR') && dirname(folder) !== folder) folder = dirname(folder);
      else
        throw new UserError({ file: shown, message: `the run folder cannot be written: ${explain(code)}` });
    }
  }
}

/** @throws UserError if fewer than `bytes` are free where `path` is, or would be made. */
export async function requireSpace(path: string, bytes: number, what: string): Promise<void> {
  let folder = path;
  while (!(await exists(folder)) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  const gib = (n: number) => (n / 2 ** 30).toFixed(2);
  const message = `${what} takes ${gib(bytes)} GiB, but only ${gib(bavail * bsize)} GiB are free on its disk`;
  throw new UserError({ file: path, message });
}

/** Creates the run folder and the folder of its checkpoints. */
export async function makeRunFolder(runDir: string, shown: string): Promise<void> {
  try {
    await makeFolders(runPaths(runDir).checkpoints);
  } catch (error) {
    throw asUserError(error, shown, 'the run folder cannot be made');
  }
}

/** mkdir -p. Node's own `recursive` never returns where a parent exists and yet holds no folders, as in /proc. */
export async function makeFolders(path: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = path; !(await exists(folder)) && dirname(folder) !== folder; folder = dirname(folder)) {
    missing.push(folder);
  }
  for (const folder of missing.reverse()) {
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/**
 * An error of the file system, or memory that has run out, as a UserError that says what could not be done; other errors
 * as they are.
 */
export function asUserError(error: unknown, file: string, what: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (error instanceof Error && code === 'TORCH' && error.message.startsWith('out of memory'))
    return new UserError([{ file, message: `${what}: ${error.message}` }, { message: LESS_MEMORY }]);
  if (error instanceof UserError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  return new UserError({ file, message: `${what}: ${explain(code)}` });
}

/** Is it an error that says that nothing is there? Any other says that something is, and cannot be had. */
export function isNotThere(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** @throws UserError if it cannot be told, as in a folder that may not be read. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isNotThere(error)) return false;
    throw asUserError(error, path, 'cannot be looked at');
  }
}

/** Names in a folder; none if it is not there. @throws UserError if it cannot be read, or is something else. */
export async function listFolder(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (!isNotThere(error)) throw asUserError(error, path, 'the folder cannot be read');
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) return [];
    const what = found.isSymbolicLink() ? 'a link that leads to no folder' : 'a file';
    throw new UserError({ file: path, message: `must be a folder, found ${what}` });
  }
}

const LESS_MEMORY =
  'less is needed with a smaller train.micro_batch_size or data.max_seq_len, train.activation_checkpointing=true, ' +
  'train.optimizer.name=adafactor, or backend.storage=bfloat16';

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'no folder can be made there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a link that leads back to itself',
  EFBIG: 'the file would be larger than allowed',
};

function explain(code: string | undefined): string {
  return (code && REASONS[code]) ?? code ?? 'unknown reason';
}
