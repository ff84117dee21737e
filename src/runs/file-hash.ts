/** SHA-256 of whole files, several at once: each large one by a thread of its own, as Node hashes where it is called. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { asUserError } from './run-files.ts';

/** A file of this many bytes is hashed sooner than a thread has started. */
const SMALL = 16 << 20;
/** Bytes a read: larger ones were no faster (0.9 to 1.3 GB/s a thread, page cache, a Xeon with SHA instructions). */
const CHUNK = 4 << 20;
/** Threads at most: four read as fast as most disks give. */
const THREADS = 4;

/** The thread's program: plain JavaScript in a string, so that it needs no file of its own beside the bundle. */
const PROGRAM = `
const { createHash } = require('node:crypto');
const { closeSync, openSync, readSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const hash = createHash('sha256');
const buffer = Buffer.allocUnsafeSlow(workerData.chunk);
const fd = openSync(workerData.path, 'r');
for (let n = 0; (n = readSync(fd, buffer)) > 0; ) hash.update(buffer.subarray(0, n));
closeSync(fd);
parentPort.postMessage(hash.digest('hex'));
`;

/** A file to hash, with its size in bytes, which decides only how it is done. */
export interface ToHash {
  path: string;
  size: number;
}

/**
 * SHA-256 of each file in hex, in their order.
 *
 * @param small files above this many bytes are given to threads.
 * @throws UserError if one cannot be read
 */
export async function hashFiles(files: readonly ToHash[], small = SMALL): Promise<string[]> {
  const hashes: string[] = [];
  const left = files.entries();
  const take = async () => {
    for (const [i, { path, size }] of left) {
      const hash = size > small ? inThread(path) : here(path);
      hashes[i] = await hash.catch((error) => {
        throw asUserError(error, path, 'cannot be read');
      });
    }
  };
  const threads = Math.min(files.length, THREADS, availableParallelism());
  await Promise.all(Array.from({ length: threads }, take));
  return hashes;
}

async function here(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

function inThread(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // Without the parent's flags: a loader of TypeScript would only cost time.
    const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: { path, chunk: CHUNK } });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread that hashes ${path} ended with ${code}`)));
  });
}
