/** SHA-256 of files that were hashed before: `$XDG_CACHE_HOME/isogloss/weights/`, one small file a path. */
import { createHash, randomBytes } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { cacheRoot } from '../paths.ts';
import { hashFiles } from './file-hash.ts';
import { asUserError } from './run-files.ts';

/** Entries that are kept; the oldest go. An entry has about 300 bytes. */
const KEPT = 256;

/**
 * A file that was changed so short a time ago is hashed and not kept: where clocks tick this coarsely (FAT), it could
 * be changed once more and show the same time.
 */
const FRESH_MS = 2_000;

/** Bytes to hash from which on it is said, as it takes seconds: about one a GB. */
const SAID = 2e9;

/** How files are hashed. */
export interface HashOptions {
  /** Hears of it before more than `said` bytes are read. */
  message?(text: string): void;
  /** Default 2 GB. */
  said?: number;
}

/** What tells one state of a file from another without reading it. */
interface Seen {
  /** Absolute, links followed. */
  path: string;
  size: string;
  mtime_ns: string;
  inode: string;
}

/**
 * SHA-256 of all bytes of each file in hex, in their order. A file whose path, size, mtime (ns) and inode are those of an
 * earlier call is not read again.
 *
 * What that cannot see: bytes changed in place by something that puts the mtime back (`touch -r`, a file system mounted
 * without times), and a file of another disk that has the same path, size, mtime and inode. `touch` the file, or remove
 * the folder of the cache, to have it read. A cache that cannot be read or written costs time and nothing else.
 *
 * @throws UserError if a file cannot be read, or is changed meanwhile
 */
export async function sha256OfFiles(
  paths: readonly string[],
  { message, said = SAID }: HashOptions = {},
): Promise<string[]> {
  const seen = await Promise.all(paths.map(look));
  const hashes = await Promise.all(seen.map(recall));
  const missing = [...seen.keys()].filter((i) => hashes[i] === undefined);
  const files = missing.map((i) => ({ path: seen[i]!.path, size: Number(seen[i]!.size) }));
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > said)
    message?.(`hashing ${(total / 1e9).toFixed(1)} GB of weights, once, to tell this model from others`);
  for (const [n, hash] of (await hashFiles(files)).entries()) {
    const i = missing[n]!;
    const before = seen[i]!;
    if (JSON.stringify(await look(before.path)) !== JSON.stringify(before))
      throw new UserError({
        file: paths[i]!,
        message: 'was changed while it was read; wait until it is whole',
      });
    hashes[i] = hash;
    await keep(before, hash);
  }
  return hashes as string[];
}

async function look(path: string): Promise<Seen> {
  let info: BigIntStats;
  let real: string;
  try {
    real = await realpath(path);
    info = await stat(real, { bigint: true });
  } catch (error) {
    throw asUserError(error, path, 'cannot be read');
  }
  return { path: real, size: `${info.size}`, mtime_ns: `${info.mtimeNs}`, inode: `${info.ino}` };
}

const folder = () => join(cacheRoot(), 'weights');
const ENTRY = /^[0-9a-f]{32}\.json/;
const entryOf = ({ path }: Seen) => join(folder(), `${hex(path).slice(0, 32)}.json`);

/** What an entry is as text; its last field tells one that was damaged. */
function textOf(seen: Seen, sha256: string): string {
  const entry = { ...seen, sha256 };
  return `${JSON.stringify({ ...entry, check: hex(JSON.stringify(entry)) })}\n`;
}

/** The hash that is kept for just this state of a file, if any. */
async function recall(seen: Seen): Promise<string | undefined> {
  try {
    const text = await readFile(entryOf(seen), 'utf8');
    const { sha256 } = JSON.parse(text) as { sha256: unknown };
    return typeof sha256 === 'string' && text === textOf(seen, sha256) ? sha256 : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all, so that another process reads no half of it. */
async function keep(seen: Seen, sha256: string): Promise<void> {
  if (Math.abs(Date.now() - Number(BigInt(seen.mtime_ns) / 1_000_000n)) < FRESH_MS) return;
  const file = entryOf(seen);
  try {
    await mkdir(folder(), { recursive: true });
    const aside = `${file}.${randomBytes(6).toString('hex')}`;
    await writeFile(aside, textOf(seen, sha256));
    await rename(aside, file);
    await prune();
  } catch {
    // A home that is full or cannot be written to: the next process reads the bytes again.
  }
}

/** Removes the oldest entries above `KEPT`, and with them what processes that were killed left behind. */
async function prune(): Promise<void> {
  const names = (await readdir(folder())).filter((name) => ENTRY.test(name));
  if (names.length <= KEPT) return;
  const files = names.map((name) => join(folder(), name));
  const ages = await Promise.all(files.map(async (file) => ({ file, at: (await stat(file)).mtimeMs })));
  ages.sort((a, b) => a.at - b.at);
  for (const { file } of ages.slice(0, -KEPT)) await rm(file, { force: true });
}

function hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
