/** Files of other tools that hold a vector: megabytes at most. */
import { createHash } from 'node:crypto';
import { UserError } from '../../errors.ts';
import { openFile } from '../../model/files/positional.ts';

/** The largest Gemma 3 has 62 blocks of 5376: 1.3 MB. All that is larger is a model, or nothing. */
export const LARGEST_FILE = 64 << 20;

/** Bytes and SHA-256 of a file. @throws UserError if it is not there, no file, cannot be read, or too large */
export async function readSmall(path: string, shown: string): Promise<{ bytes: Uint8Array; sha256: string }> {
  const file = await openFile(path);
  try {
    if (file.size > LARGEST_FILE)
      throw new UserError({
        file: shown,
        message: `has ${file.size} bytes, and no steering vector has more than ${LARGEST_FILE}`,
      });
    const bytes = new Uint8Array(file.size);
    await file.readInto(bytes, 0);
    return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  } finally {
    await file.close();
  }
}
