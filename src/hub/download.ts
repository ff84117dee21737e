/**
 * One file of the hub into the cache. @huggingface/hub's own download starts from nothing each time, and takes whatever
 * arrives: here a partial file (`<hash>.incomplete`, as huggingface_hub names it) is continued, also by a later process, and
 * a file counts only when its size and its hash are those that the hub lists.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../errors.ts';
import { ifThere } from '../if-there.ts';
import { reasonOf, Unreachable } from './request.ts';

export interface FileToDownload {
  /** For messages: `org/name/file`. */
  name: string;
  url: string;
  size: number;
  /** SHA-256 of the bytes (64 digits), or git's SHA-1 of a blob of them (40). */
  hash: string;
  /** Where the file goes. */
  target: string;
}

export interface DownloadOptions {
  fetch: typeof fetch;
  /** Told the bytes of this file that are there. */
  onBytes?: (bytes: number) => void;
  /** Attempts in a row that bring nothing before it is given up. */
  attempts?: number;
  /** Before the second of them; doubled each time. Milliseconds. */
  wait?: number;
}

/** Suffix of a file that is not whole yet. */
export const INCOMPLETE = '.incomplete';

/**
 * Downloads a file, going on with what is there of it.
 * @throws UserError when the connection is cut time and again (what has come is kept), or size or hash are not right
 */
export async function downloadFile(file: FileToDownload, options: DownloadOptions): Promise<void> {
  const { onBytes = () => {}, attempts = 5, wait = 500 } = options;
  const path = file.target + INCOMPLETE;
  await mkdir(dirname(path), { recursive: true });
  const partial = new PartialFile(path, file);
  await partial.open();
  try {
    onBytes(partial.size);
    for (let failures = 0; partial.size < file.size; ) {
      const before = partial.size;
      try {
        await receive(file, partial, options.fetch, onBytes);
      } catch (error) {
        if (error instanceof UserError || isOfDisk(error)) throw error;
        failures = partial.size > before ? 1 : failures + 1;
        if (failures >= attempts) throw cut(file, partial.size, error);
        await new Promise((resolve) => setTimeout(resolve, wait * 2 ** (failures - 1)));
      }
    }
    await partial.finish();
  } finally {
    await partial.close();
  }
  await rename(path, file.target);
}

/** Appends what one request brings. */
async function receive(
  file: FileToDownload,
  partial: PartialFile,
  request: typeof fetch,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
  if (partial.size > 0) headers.Range = `bytes=${partial.size}-`;
  const response = await request(file.url, { headers });
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '');
  if (response.status !== 206 || Number(range?.[1]) !== partial.size) await partial.clear();
  const length = response.headers.get('Content-Length');
  const total = range ? Number(range[2]) : length === null ? file.size : Number(length);
  if (total !== file.size) {
    await response.body?.cancel();
    throw wrong(file, `has ${total} bytes there, not the ${file.size} that the hub lists`);
  }
  for await (const chunk of response.body ?? []) {
    if (partial.size + chunk.byteLength > file.size) {
      await partial.discard();
      throw wrong(file, `is longer than the ${file.size} bytes that the hub lists`);
    }
    await partial.append(chunk);
    onBytes(partial.size);
  }
  if (partial.size < file.size) throw new Unreachable('the connection was closed');
}

/** A file on the disk that grows, and the hash of what is in it. */
class PartialFile {
  readonly #path: string;
  readonly #file: FileToDownload;
  #handle: FileHandle | undefined;
  #hash: Hash;
  size = 0;

  constructor(path: string, file: FileToDownload) {
    this.#path = path;
    this.#file = file;
    this.#hash = newHash(file);
  }

  async open(): Promise<void> {
    const found = await ifThere(this.#path, stat(this.#path));
    // Longer than the whole can only be rubbish.
    if (found !== undefined && found.size > this.#file.size) await rm(this.#path);
    this.#handle = await open(this.#path, 'a');
    if (found === undefined || found.size > this.#file.size) return;
    for await (const chunk of createReadStream(this.#path)) {
      this.#hash.update(chunk as Buffer);
      this.size += (chunk as Buffer).byteLength;
    }
  }

  async append(chunk: Uint8Array): Promise<void> {
    await this.#handle!.appendFile(chunk);
    this.#hash.update(chunk);
    this.size += chunk.byteLength;
  }

  /** Starts again from nothing. */
  async clear(): Promise<void> {
    if (this.size === 0) return;
    await this.#handle!.truncate(0);
    this.#hash = newHash(this.#file);
    this.size = 0;
  }

  async discard(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  /** Checks the hash and flushes to the disk. */
  async finish(): Promise<void> {
    if (this.#hash.digest('hex') !== this.#file.hash) {
      await this.discard();
      throw wrong(
        this.#file,
        'arrived damaged: its hash is not the one that the hub lists. It has been removed; try again',
      );
    }
    await this.#handle!.sync();
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}

function newHash({ hash, size }: FileToDownload): Hash {
  return hash.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

/** Is it the disk that failed? Trying again would not help. */
export function isOfDisk(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EISDIR', 'ENOTDIR'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );
}

function cut({ name, size }: FileToDownload, done: number, error: unknown): UserError {
  return new UserError(
    `${name}: the download broke off after ${done} of ${size} bytes (${reasonOf(error)}); what has come is kept: the same command goes on from there`,
  );
}

function wrong({ name }: FileToDownload, what: string): UserError {
  return new UserError(`${name} ${what}`);
}
