/** The identity of a model's weights: what tells two models apart where one must not be taken for the other. */
import { createHash } from 'node:crypto';
import { open, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openSafetensors } from '../model/files/index.ts';
import { ggufParts, isGguf } from '../model/index.ts';
import { type HashOptions, sha256OfFiles } from './hash-cache.ts';

/** Stands before an identity of all bytes; runs of older versions recorded one of samples, without it. */
const WHOLE = 'sha256:';

/** How an identity is asked for. */
export interface IdentityOptions extends HashOptions {
  /** The recorded identity that this one is to be compared with: it is made by the rule which that one was made by. */
  like?: string;
}

/**
 * Identity of the weights in a Hugging Face directory or a GGUF file: `sha256:` and, in hex, SHA-256 over config.json (of
 * a directory) and the SHA-256 of each file that weights are read from, in the order of their names. The names and places
 * themselves do not count. The same tensors in other files, or in another order, are another identity.
 *
 * All bytes are read, about a GB a second and thread, unless they were before: see `sha256OfFiles` for what that misses.
 *
 * @throws UserError if a file cannot be read, or is changed meanwhile
 */
export async function weightsIdentity(path: string, options: IdentityOptions = {}): Promise<string> {
  if (options.like !== undefined && !options.like.startsWith(WHOLE)) return sampledIdentity(path);
  const hash = createHash('sha256');
  if (!isGguf(path)) hash.update(await readFile(join(path, 'config.json'))).update('\0');
  for (const sha256 of await sha256OfFiles(await weightFiles(path), options)) hash.update(`${sha256}\n`);
  return WHOLE + hash.digest('hex');
}

/** The files that tensors are read from, by name: of a directory not whatever else lies in it. */
async function weightFiles(path: string): Promise<string[]> {
  if (isGguf(path)) return [...(await ggufParts(path))];
  const { tensors, close } = await openSafetensors(path);
  await close();
  const files = new Set([...tensors.values()].map(({ file }) => file));
  return [...files].sort();
}

/** Bytes that older versions read from each end of a weight file. */
const SAMPLE = 1 << 20;

/**
 * The identity that older versions recorded, so that their runs can be gone on with: SHA-256 over config.json and, of each
 * weight file, its name, its size, and the megabyte at each end. It does not see a change in the middle of a file.
 */
async function sampledIdentity(path: string): Promise<string> {
  const hash = createHash('sha256');
  let files: readonly string[];
  if (isGguf(path)) files = await ggufParts(path);
  else {
    hash.update(await readFile(join(path, 'config.json')));
    const names = (await readdir(path)).filter((name) => name.endsWith('.safetensors')).sort();
    files = names.map((name) => join(path, name));
  }
  for (const file of files) {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      hash.update(`${basename(file)}\0${size}\0`);
      const buffer = Buffer.alloc(Math.min(SAMPLE, size));
      for (const position of [0, size - buffer.length]) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  }
  return hash.digest('hex');
}
