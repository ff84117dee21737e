/** Reads a data set, a file or a built-in one, into rows; all of its mistakes are reported at once. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type Problem, UserError } from '../errors.ts';
import { readLines } from '../lines.ts';
import { absolutePath } from '../paths.ts';
import { DEFAULT_TREE_OPTIONS, type TreeOptions } from './oasst.ts';
import { parseLine } from './parse.ts';
import type { Row } from './row.ts';
import { TOY, toyRows } from './toy.ts';

/** What reading needs beside the name of the data. */
export interface ReadOptions {
  /** Directory that relative paths start from. */
  cwd: string;
  /** Seed of built-in data. */
  seed: number;
  trees?: TreeOptions;
  /** Rows after which reading stops; what comes behind them is not looked at. All by default. */
  maxRows?: number;
}

/** A data set as text, with what identifies it. */
export interface Source {
  /** As the user wrote it. */
  name: string;
  rows: Row[];
  /** SHA-256 of the file's bytes; of the rows for built-in data. */
  sha256: string;
  /** What the user should know of how the file was read: fields that nothing was made of. */
  notes: string[];
}

/** Fields named in a note; a file may have any number. */
const MAX_NAMED = 10;

/** Mistakes reported before reading stops: enough to see a pattern, not a screenful. */
const MAX_PROBLEMS = 20;

/**
 * Reads `name`: a `.jsonl` file (rows as in `parse.ts`), or `builtin:toy`.
 *
 * @throws UserError with file and line of every row that cannot be used, or if there is no row at all.
 */
export async function readSource(name: string, options: ReadOptions): Promise<Source> {
  if (name.startsWith('builtin:')) return builtin(name, options.seed);
  const path = absolutePath(options.cwd, name);
  const rows: Row[] = [];
  const problems: Problem[] = [];
  const unread = new Map<string, number>();
  const maxRows = options.maxRows ?? Number.POSITIVE_INFINITY;
  let trees = 0;
  for await (const line of readLines(path, name)) {
    const text = line.number === 1 ? line.text.replace(/^\uFEFF/, '') : line.text;
    if (text.trim() === '') continue;
    const parsed = parseLine(text, { file: name, line: line.number }, options.trees ?? DEFAULT_TREE_OPTIONS);
    for (const row of parsed.rows) rows.push(row);
    problems.push(...parsed.problems);
    for (const field of parsed.unread) unread.set(field, (unread.get(field) ?? 0) + 1);
    if (parsed.rows.length === 0 && parsed.problems.length === 0) trees++;
    if (problems.length >= MAX_PROBLEMS) {
      problems.push({ file: name, message: `stopped reading after ${MAX_PROBLEMS} problems` });
      break;
    }
    if (rows.length >= maxRows) break;
  }
  if (problems.length > 0) throw new UserError(problems);
  if (rows.length === 0) {
    const reason =
      trees > 0 ? `none of its ${trees} conversation trees has a reply written by a person` : 'it is empty';
    throw new UserError({ file: name, message: `the data set has no rows: ${reason}` });
  }
  if (rows.length > maxRows) rows.length = maxRows;
  return { name, rows, sha256: await hashFile(path), notes: unreadNote(name, unread) };
}

/** One note on all fields that are not read, so that a data set with more columns stays usable. */
function unreadNote(name: string, unread: ReadonlyMap<string, number>): string[] {
  if (unread.size === 0) return [];
  const named = [...unread].slice(0, MAX_NAMED).map(([field, lines]) => `${field} (${lines}x)`);
  const more = unread.size > MAX_NAMED ? ` and ${unread.size - MAX_NAMED} more` : '';
  return [`${name}: fields that are not read: ${named.join(', ')}${more}`];
}

function builtin(name: string, seed: number): Source {
  if (name !== TOY) throw new UserError({ message: `there is no data set ${name}`, hint: TOY });
  const rows = toyRows(seed);
  const sha256 = createHash('sha256').update(JSON.stringify(rows)).digest('hex');
  return { name, rows, sha256, notes: [] };
}

/** SHA-256 of a file's bytes, read in pieces. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
