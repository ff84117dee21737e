/** Reads parallel sentences from a folder or a file; what lies there tells how. */
import { stat } from 'node:fs/promises';
import { type Problem, UserError } from '../../errors.ts';
import { absolutePath } from '../../paths.ts';
import type { Column } from './column.ts';
import { type LanguageFile, languageFiles } from './folder.ts';
import { ENGLISH, languageOf, nearestLanguage } from './languages.ts';
import { readSentences } from './lines.ts';
import { named, Problems } from './problems.ts';
import { readRecords } from './records.ts';
import { joinColumns, type ParallelSet } from './set.ts';
import { columnOf, columnsOf } from './shapes.ts';
import { toyColumns } from './toy.ts';

/** What reading needs beside the name of the data. */
export interface ReadParallelOptions {
  /** Directory that relative paths start from. */
  cwd: string;
  /** Languages to read, in any spelling that `languageOf` knows. All that are there by default. */
  languages?: readonly string[];
  /** The part of a folder that has several: `dev`, `devtest`. */
  split?: string;
}

const KINDS = 'a folder of files named after languages, or a .tsv or .jsonl file, optionally .gz';

/**
 * Reads `name`: a folder of FLORES-200, FLORES+, NTREX or alike (a file a language), or a `.tsv` or `.jsonl` file of
 * `{id, lang, text}` or of a column a language, or `builtin:toy`.
 *
 * @throws UserError with file and line of whatever cannot be used: a file that is missing, a language that is not there,
 *   ids given twice, files of unequal length where lines are ids, fewer than two languages.
 */
export async function readParallel(name: string, options: ReadParallelOptions): Promise<ParallelSet> {
  const wanted = options.languages === undefined ? undefined : canonical(options.languages);
  if (wanted !== undefined && wanted.length < 2)
    throw new UserError(`parallel sentences need two languages or more, found ${named(wanted) || 'none'}`);
  const problems = new Problems();
  if (name.startsWith('builtin:'))
    return joinColumns(name, choose(toyColumns(name, options.split, problems), wanted, name), []);
  const path = absolutePath(options.cwd, name);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : `cannot be opened (${error.code})`;
    throw new UserError({ file: name, message: `${reason}; parallel sentences are ${KINDS}` });
  });
  const notes: string[] = [];
  let columns: Column[];
  if (found.isDirectory()) {
    const files = choose(await languageFiles(path, name, options.split), wanted, name);
    columns = [];
    for (const file of files) columns.push(await readFile(file, problems));
  } else {
    if (!/\.(tsv|jsonl)(\.gz)?$/i.test(name))
      throw new UserError({ file: name, message: `is not read: parallel sentences are ${KINDS}` });
    if (options.split !== undefined)
      throw new UserError({ file: name, message: `is a file, which has no part ${options.split}` });
    const read = columnsOf(await readRecords(path, name, problems), name, wanted, problems);
    problems.check();
    notes.push(...read.notes);
    columns = choose(read.columns, wanted, name);
  }
  problems.check();
  return joinColumns(name, columns, notes);
}

function readFile(file: LanguageFile, problems: Problems): Promise<Column> {
  const { path, shown, language, kind } = file;
  if (kind === 'lines') return readSentences(path, shown, language, problems);
  return readRecords(path, shown, problems).then((records) => columnOf(records, shown, language, problems));
}

/**
 * Languages as recipes write them.
 * @throws UserError for what is no language, or one that is named twice
 */
export function canonical(languages: readonly string[]): string[] {
  const problems: Problem[] = [];
  const codes = new Map<string, string>();
  for (const spelled of languages) {
    const code = languageOf(spelled);
    if (code === undefined) {
      const hint = nearestLanguage(spelled);
      const message = `${spelled} is no language's code; write ISO 639-1 (es), or as FLORES does (spa_Latn)`;
      problems.push({ message, ...(hint ? { hint } : {}) });
    } else if (codes.has(code)) {
      problems.push({ message: `the languages ${codes.get(code)} and ${spelled} are the same` });
    } else codes.set(code, spelled);
  }
  if (problems.length > 0) throw new UserError(problems);
  return [...codes.keys()];
}

/**
 * Those of the wanted languages, in their order; without a wish all, English first.
 * @throws UserError for languages that are missing, that two files are of, or if there is one alone
 */
function choose<T extends { language: string; shown?: string }>(
  found: readonly T[],
  wanted: readonly string[] | undefined,
  name: string,
): T[] {
  const codes = [...new Set(found.map(({ language }) => language))];
  const languages = wanted ?? codes.sort((a, b) => Number(b === ENGLISH) - Number(a === ENGLISH));
  const problems: Problem[] = languages.flatMap((code): Problem[] => {
    const all = found.filter(({ language }) => language === code);
    if (all.length === 1) return [];
    if (all.length > 1) {
      const files = all.map(({ shown = code }) => shown);
      return [{ file: name, message: `two files are in ${code}: ${named(files)}; leave one of them out` }];
    }
    // A code of two letters is a language; a longer one may be a slip of the pen.
    const hint = code.length > 2 ? nearestLanguage(code, codes) : undefined;
    return [
      {
        file: name,
        message: `has no sentences in ${code}; found ${named(codes, 20)}`,
        ...(hint ? { hint } : {}),
      },
    ];
  });
  if (problems.length === 0 && languages.length < 2)
    problems.push({
      file: name,
      message: `is in one language alone (${named(codes)}): nothing is parallel to it`,
    });
  if (problems.length > 0) throw new UserError(problems);
  return languages.map((code) => found.find(({ language }) => language === code)!);
}
