/** What may be missing, but must be readable when it is there. */
import { UserError } from './errors.ts';

/**
 * `undefined` when there is no such file or directory; `work` reads `path`, which messages name.
 * @throws UserError for every other error of the file system
 */
export async function ifThere<T>(path: string, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === undefined) throw error;
    throw new UserError({ file: path, message: `cannot be read: ${message}` });
  }
}
