/** Reads files of named fields, a row a line: TSV with a header, or jsonl. */
import { UserError } from '../../errors.ts';
import { readLines } from '../../lines.ts';
import { repeatedKey } from '../repeated-key.ts';
import { isRecord } from '../report.ts';
import { named, type Problems } from './problems.ts';

/** A row with its fields, and its 1-based line. */
export interface TextRecord {
  line: number;
  fields: Readonly<Record<string, unknown>>;
}

/**
 * The rows of a `.tsv` or `.jsonl` file (`.gz` is unpacked on the way); blank lines are passed over.
 * @throws UserError as `readLines`, or if there is no row
 */
export async function readRecords(path: string, shown: string, problems: Problems): Promise<TextRecord[]> {
  const lines: { line: number; text: string }[] = [];
  for await (const { number, text } of readLines(path, shown)) {
    const line = number === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (line.trim() !== '') lines.push({ line: number, text: line.replace(/\r$/, '') });
  }
  const isTable = /\.tsv(\.gz)?$/i.test(shown);
  const records = isTable ? ofTable(lines, shown, problems) : ofJson(lines, shown, problems);
  problems.check();
  if (records.length === 0) throw new UserError({ file: shown, message: 'the file has no rows' });
  return records;
}

type NumberedLine = { line: number; text: string };

function ofJson(lines: readonly NumberedLine[], file: string, problems: Problems): TextRecord[] {
  const records: TextRecord[] = [];
  for (const { line, text } of lines) {
    let fields: unknown;
    try {
      fields = JSON.parse(text);
    } catch (error) {
      problems.add({ file, line, message: `the line is not valid JSON (${(error as Error).message})` });
      continue;
    }
    const repeated = repeatedKey(text);
    if (repeated !== undefined)
      problems.add({ file, line, message: `the row has the field ${repeated} twice` });
    else if (isRecord(fields)) records.push({ line, fields });
    else problems.add({ file, line, message: 'a row must be a JSON object' });
  }
  return records;
}

function ofTable(lines: readonly NumberedLine[], file: string, problems: Problems): TextRecord[] {
  const rows = lines.map(({ line, text }) => ({ line, cells: text.split('\t') }));
  const quoted = isQuoted(rows.map(({ cells }) => cells));
  const [header, ...body] = rows;
  if (header === undefined) return [];
  const names = header.cells.map((cell) => unquote(cell, quoted).trim());
  const twice = names.filter((name, i) => name !== '' && names.indexOf(name) !== i);
  if (twice.length > 0) {
    const message = `the header names columns twice: ${named(twice)}`;
    const hint = twice.includes('id') ? '`ind` for the column in Indonesian' : undefined;
    problems.add({ file, line: header.line, message, ...(hint ? { hint } : {}) });
    return [];
  }
  const records: TextRecord[] = [];
  for (const { line, cells } of body) {
    if (cells.length === names.length) {
      const fields = Object.fromEntries(names.map((name, i) => [name, unquote(cells[i]!, quoted)]));
      records.push({ line, fields });
    } else {
      const message = `the row has ${cells.length} columns, the header ${names.length}; a tab or a line break inside of a text is not read`;
      problems.add({ file, line, message });
    }
  }
  return records;
}

/** A cell as CSV writes one that holds a quote. */
export const QUOTED = /^"(?:[^"]|"")*"$/;

/**
 * Was the file written with the quotes of CSV, as pandas does? Then every cell that holds a quote is in quotes, whole; one
 * cell that is not says that quotes are part of the texts.
 */
function isQuoted(rows: readonly (readonly string[])[]): boolean {
  return rows.every((cells) => cells.every((cell) => !cell.includes('"') || QUOTED.test(cell)));
}

function unquote(cell: string, quoted: boolean): string {
  return quoted && cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}
