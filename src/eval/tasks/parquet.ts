/** Rows of a Parquet file, by hyparquet, with values that JSON has. */
import { UserError } from '../../errors.ts';

/** `PAR1`, an empty footer's length, `PAR1`. */
const LEAST_BYTES = 12;

/**
 * All rows of a file.
 * @param shown its path as the user wrote it
 * @throws UserError if it is no Parquet file, is damaged, or is packed in a way that is not read
 */
export async function parquetRows(path: string, shown: string): Promise<Record<string, unknown>[]> {
  // Loaded when it is asked for: most files are text.
  const { asyncBufferFromFile, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  try {
    const whole = await asyncBufferFromFile(path);
    const file = { ...whole, slice: (start: number, end?: number) => heard(whole.slice(start, end)) };
    if (file.byteLength < LEAST_BYTES)
      throw new Error(`it has ${file.byteLength} bytes, too few for its head and foot`);
    const rows = await parquetReadObjects({ file, compressors });
    return rows.map((row) => plain(row) as Record<string, unknown>);
  } catch (error) {
    throw new UserError({ file: shown, message: `cannot be read as Parquet: ${(error as Error).message}` });
  }
}

/**
 * A promise of which a rejection counts as heard, and of all that `then` makes of it. hyparquet reads the columns of a file at
 * once; of a damaged one it leaves some to themselves, and Node.js ends a process for a rejection that nobody hears.
 */
function heard<T>(promise: T | Promise<T>): T | Promise<T> {
  if (!(promise instanceof Promise)) return promise;
  const then = promise.then.bind(promise);
  // biome-ignore lint/suspicious/noThenProperty: this is a promise, and what is made of it must be heard, too
  promise.then = ((...on: Parameters<typeof then>) => heard(then(...on))) as typeof promise.then;
  then(undefined, () => {});
  return promise;
}

/** A value as JSON writes it: samples files hold rows as they were read. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array, plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]));
  return value ?? null;
}
