/** Reads a file of sentences, one a line: its number is the id (FLORES-200, NTREX). */
import { readLines } from '../../lines.ts';
import { addSentence, type Column, emptyColumn } from './column.ts';
import type { Problems } from './problems.ts';

/**
 * The sentences of a file under the numbers of their lines, from 1.
 * @throws UserError as `readLines`
 */
export async function readSentences(
  path: string,
  shown: string,
  language: string,
  problems: Problems,
): Promise<Column> {
  const column = emptyColumn(language, shown);
  const lines = { used: 0, all: 0 };
  for await (const { number, text } of readLines(path, shown)) {
    lines.all = number;
    const line = number === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (line.trim() !== '') lines.used = number;
    addSentence(column, String(number), line, number, problems);
  }
  return { ...column, lines };
}
