/** Reads rows of questions from whatever they come in: jsonl, JSON, CSV, TSV, Parquet. */
import { readFile, stat } from 'node:fs/promises';
import { parse as parseCsv } from 'csv-parse/sync';
import { Problems } from '../../data/parallel/problems.ts';
import { readRecords } from '../../data/parallel/records.ts';
import { hashFile } from '../../data/read.ts';
import { isRecord } from '../../data/report.ts';
import type { Place } from '../../data/row.ts';
import { UserError } from '../../errors.ts';
import { decodeText } from '../../text.ts';
import { jsonMembers } from './json-members.ts';
import { parquetRows } from './parquet.ts';

/** A row as it was read. */
export interface TableRow {
  fields: Readonly<Record<string, unknown>>;
  /** In a Parquet file the line is the number of the row, from 1. */
  place: Place;
  /** What an object of rows calls it (`{"Al-en-01": {..}, ..}`). */
  key?: string;
}

/** The rows of a file, with what identifies it. */
export interface Table {
  rows: TableRow[];
  /** As the user wrote the path. */
  path: string;
  sha256: string;
}

/** Kinds of files, as their names end. */
export const EXTENSIONS = ['jsonl', 'json', 'csv', 'tsv', 'parquet'] as const;
const READABLE = /\.(?:(?:jsonl|tsv)(?:\.gz)?|json|csv|parquet)$/i;
/** What Node reads at once is at most 2 GiB. */
const MAX_BYTES = 2 ** 31 - 1;

/** Is it named as a file that `readTable` reads? */
export function isReadable(name: string): boolean {
  return READABLE.test(name);
}

/**
 * The rows of a file, which its name tells the kind of: `.jsonl`, `.tsv` (both perhaps `.gz`), `.json` (a list of rows, an object
 * of named rows, or a row a line), `.csv`, `.parquet`.
 *
 * @param shown its path as the user wrote it
 * @throws UserError with file and line of what cannot be read, or if there is no row
 */
export async function readTable(path: string, shown: string): Promise<Table> {
  await requireFile(path, shown);
  const rows = await rowsOf(path, shown);
  if (rows.length === 0) throw new UserError({ file: shown, message: 'the file has no rows' });
  for (const { fields, place } of rows) requireShallow(fields, place);
  return { rows, path: shown, sha256: await hashFile(path) };
}

/**
 * Lists and objects inside of each other that a row may have. Rows of questions have three or four; what walks them (hashes,
 * samples files, whoever reads those) calls itself for each.
 */
const MAX_DEPTH = 100;

/** @throws UserError for a row that is nested deeper than `MAX_DEPTH`; does not call itself, or a hostile row would end it */
function requireShallow(row: unknown, place: Place): void {
  let level = [row];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw new UserError({
        ...place,
        message: `the row is nested deeper than the ${MAX_DEPTH} levels allowed`,
      });
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
}

async function requireFile(path: string, shown: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : `cannot be opened (${error.code})`;
    throw new UserError({ file: shown, message: reason });
  });
  const allowed =
    'questions are in a .jsonl, .json, .csv, .tsv or .parquet file (.jsonl and .tsv perhaps .gz)';
  if (!found.isFile()) throw new UserError({ file: shown, message: `is no regular file; ${allowed}` });
  if (!isReadable(shown)) throw new UserError({ file: shown, message: `is not read: ${allowed}` });
  if (found.size > MAX_BYTES && /\.(json|csv)$/i.test(shown)) {
    const message = `has ${found.size} bytes, more than the ${MAX_BYTES} that are read of its kind; as .jsonl it may have any size`;
    throw new UserError({ file: shown, message });
  }
}

async function rowsOf(path: string, file: string): Promise<TableRow[]> {
  if (/\.json$/i.test(file)) {
    const { kind, members } = jsonMembers(await readFile(path), file);
    if (kind !== 'lines') return members.map(({ line, key, value }) => rowOf(value, { file, line }, key));
  }
  if (/\.parquet$/i.test(file)) {
    const rows = await parquetRows(path, file);
    return rows.map((fields, index) => ({ fields, place: { file, line: index + 1 } }));
  }
  if (/\.csv$/i.test(file)) return csvRows(await readFile(path), file);
  const records = await readRecords(path, file, new Problems());
  return records.map(({ line, fields }) => ({ fields, place: { file, line } }));
}

function rowOf(value: unknown, place: Place, key: string | undefined): TableRow {
  if (isRecord(value)) return { fields: value, place, ...(key === undefined ? {} : { key }) };
  const what = key === undefined ? 'a row' : `what ${JSON.stringify(key.slice(0, 40))} names`;
  throw new UserError({
    ...place,
    message: `${what} must be a JSON object; a file is a list of rows, or an object of named rows`,
  });
}

function csvRows(bytes: Buffer, file: string): TableRow[] {
  decodeText(bytes, file);
  try {
    const records = parseCsv(bytes, { bom: true, info: true, skip_empty_lines: true }) as unknown as {
      info: { bytes: number };
      record: string[];
    }[];
    let header: string[] | undefined;
    const rows: TableRow[] = [];
    // Lines are counted here: the parser takes the break of Windows for two of them inside of quotes.
    let at = 0;
    let line = 1;
    for (const { info, record } of records) {
      for (; bytes[at] === NEWLINE || bytes[at] === RETURN; at++) if (bytes[at] === NEWLINE) line++;
      const place = { file, line };
      for (; at < info.bytes; at++) if (bytes[at] === NEWLINE) line++;
      if (header === undefined) {
        header = record.map((name) => name.trim());
        const twice = header.find((name, index) => name !== '' && header!.indexOf(name) !== index);
        if (twice !== undefined)
          throw new UserError({ ...place, message: `the header names the column ${twice} twice` });
      } else rows.push({ fields: Object.fromEntries(header.map((name, i) => [name, record[i]])), place });
    }
    return rows;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { message, lines } = error as Error & { lines?: number };
    throw new UserError({
      file,
      ...(typeof lines === 'number' ? { line: lines } : {}),
      message: `is not valid CSV: ${message}`,
    });
  }
}

const [NEWLINE, RETURN] = [0x0a, 0x0d];
