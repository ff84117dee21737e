/** Reads a text file line by line in memory bounded by the longest allowed line, whatever the file holds. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UserError } from './errors.ts';

/** A line of a file, with its 1-based number. */
export interface Line {
  number: number;
  text: string;
}

/**
 * Longest line read. The largest conversation tree of the OpenAssistant release is about 2 MB; 64 MiB leaves room
 * and still keeps a hostile file of one endless line from filling the memory.
 */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;

const NEWLINE = 0x0a;

/**
 * Yields the lines of a UTF-8 file (`.gz` is unpacked on the way). `shown` is the path as the user wrote it. Of a file only
 * the first `endBytes` bytes are read, at least one.
 *
 * @throws UserError if the file is missing or not a regular file, a line is too long or not UTF-8, or the gzip
 *   stream is broken.
 */
export async function* readLines(
  path: string,
  shown = path,
  maxLineBytes = MAX_LINE_BYTES,
  endBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<Line> {
  await requireFile(path, shown);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let parts: Buffer[] = [];
  let partBytes = 0;
  const finishLine = (): Line => {
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts, partBytes);
    parts = [];
    partBytes = 0;
    number++;
    try {
      return { number, text: decoder.decode(bytes) };
    } catch {
      throw new UserError({ file: shown, line: number, message: 'the line is not valid UTF-8' });
    }
  };
  const keep = (part: Buffer): void => {
    partBytes += part.length;
    if (partBytes > maxLineBytes) {
      const message = `the line is longer than ${maxLineBytes} bytes; a row of a data set must fit in that`;
      throw new UserError({ file: shown, line: number + 1, message });
    }
    if (part.length > 0) parts.push(part);
  };
  for await (const chunk of open(path, shown, endBytes)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      yield finishLine();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (partBytes > 0) yield finishLine();
}

async function requireFile(path: string, shown: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : `cannot be opened (${error.code})`;
    throw new UserError({
      file: shown,
      message: `${reason}; data is a .jsonl file, optionally .jsonl.gz, or builtin:toy`,
    });
  });
  if (found.isDirectory())
    throw new UserError({ file: shown, message: 'is a directory; name a .jsonl file in it' });
  // A pipe or a device has no end that could be trusted, and could not be read again for its hash.
  if (!found.isFile()) throw new UserError({ file: shown, message: 'is not a regular file' });
}

async function* open(path: string, shown: string, endBytes: number): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 20, end: endBytes - 1 });
  let stream: Readable = file;
  if (path.endsWith('.gz')) {
    const gunzip = createGunzip();
    file.on('error', (error) => gunzip.destroy(error));
    stream = file.pipe(gunzip);
  }
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError({ file: shown, message: `cannot be read to its end (${code ?? message})` });
  } finally {
    file.destroy();
  }
}
