/** The sentences of one language of a parallel set, each under its id, as they are read. */
import { shown } from '../report.ts';
import type { Problems } from './problems.ts';

/** One language before it is joined with others. */
export interface Column {
  language: string;
  /** The file, as the user wrote it. */
  file: string;
  /** Sentences by id, in the file's order. */
  sentences: Map<string, Sentence>;
  /** Ids of texts that are empty; they count as missing. */
  empty: number;
  /** Set where the number of the line is the id: how many lines there are up to the last that is not blank, and in all. */
  lines?: { used: number; all: number };
}

/** A sentence and the 1-based line that it is on. */
export interface Sentence {
  text: string;
  line: number;
}

/** A column without sentences. */
export function emptyColumn(language: string, file: string): Column {
  return { language, file, sentences: new Map(), empty: 0 };
}

/**
 * Adds a sentence without the blanks around it, which are no part of it and would be tokens. An empty text is a translation
 * that is missing, as tables and line-aligned files write it: it is counted, and its id left out by the join.
 */
export function addSentence(
  column: Column,
  id: string,
  value: unknown,
  line: number,
  problems: Problems,
  key = 'text',
): void {
  const place = { file: column.file, line };
  if (value === undefined || value === null) return;
  if (typeof value !== 'string') {
    problems.add({ ...place, message: `${key} must be a string, found ${shown(value)}` });
    return;
  }
  if (/\p{Surrogate}/u.test(value)) {
    problems.add({ ...place, message: `${key} has half of a character (a surrogate such as \\ud83d alone)` });
    return;
  }
  const text = value.trim();
  if (text === '') {
    column.empty++;
    return;
  }
  const before = column.sentences.get(id);
  if (before !== undefined) {
    const message = `the id ${shown(id)} is given twice in ${column.language}: on line ${before.line} and here`;
    problems.add({ ...place, message });
    return;
  }
  column.sentences.set(id, { text, line });
}
