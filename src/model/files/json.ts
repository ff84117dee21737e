/** JSON files of a checkpoint, with errors that name the file. */

import { readFile } from 'node:fs/promises';
import { UserError } from '../../errors.ts';
import { decodeText } from '../../text.ts';

/**
 * Reads and parses a JSON file.
 * @throws UserError when it is missing, unreadable or not JSON
 */
export async function readJson(path: string): Promise<unknown> {
  const value = await readJsonIfThere(path);
  if (value === undefined) throw new UserError({ file: path, message: 'there is no such file.' });
  return value;
}

/** The same, but `undefined` when there is no such file. */
export async function readJsonIfThere(path: string): Promise<unknown> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UserError({ file: path, message: `cannot be read: ${(error as Error).message}.` });
  }
  const text = decodeText(bytes, path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError({ file: path, message: `is not JSON: ${(error as Error).message}.` });
  }
}
