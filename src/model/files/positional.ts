/** Reads of exact ranges of a file, shared by the safetensors and GGUF readers. */

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { UserError } from '../../errors.ts';

/** One system call reads at most this (Linux stops just short of 2 GiB). */
const LARGEST_READ = 1 << 30;

export interface OpenFile {
  path: string;
  /** Size when opened, bytes. */
  size: number;
  /** Fills `into` from `position` on. @throws UserError when the file ends before. */
  readInto(into: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a regular file for positional reads.
 * @throws UserError when there is none or it may not be read
 */
export async function openFile(path: string): Promise<OpenFile> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new UserError({ file: path, message: whyNotOpened(error) });
  }
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw new UserError({ file: path, message: 'is not a regular file.' });
  }
  return {
    path,
    size: stat.size,
    readInto: (into, position) => readInto(handle, path, into, position),
    close: () => handle.close(),
  };
}

async function readInto(handle: FileHandle, path: string, into: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < into.byteLength) {
    const length = Math.min(into.byteLength - done, LARGEST_READ);
    const { bytesRead } = await handle.read(into, done, length, position + done);
    if (bytesRead === 0) {
      throw new UserError({
        file: path,
        message: `ends at byte ${position + done}: it was cut short while being read.`,
      });
    }
    done += bytesRead;
  }
}

function whyNotOpened(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file.';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read (permission denied).';
  return `cannot be opened: ${message}.`;
}
