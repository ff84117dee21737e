/** Text files that a user writes by hand: whole, small, UTF-8. */
import { readFileSync, statSync } from 'node:fs';
import { UserError } from './errors.ts';

/**
 * The text of a file, without the byte order mark that some editors put in front.
 *
 * @param shown its path as the user wrote it, for errors.
 * @param maxBytes a larger file is refused unread.
 * @throws UserError if it is not there, too large, may not be read, or is not UTF-8.
 */
export function readTextFile(path: string, shown = path, maxBytes = Number.POSITIVE_INFINITY): string {
  let bytes: Uint8Array;
  try {
    const { size } = statSync(path);
    if (size > maxBytes)
      throw new UserError({ file: shown, message: `has ${size} bytes, more than the ${maxBytes} allowed` });
    bytes = readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UserError({
      file: shown,
      message: code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}`,
    });
  }
  return decodeText(bytes, shown);
}

/** Bytes as text, without a byte order mark. @throws UserError naming `file` if they are not UTF-8 */
export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    // Takes the mark away, and never puts a replacement character where a letter was.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UserError({ file, message: 'is not valid UTF-8' });
  }
}
