/** Finds the files of a parallel set in a folder: one a language, its name tells which. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { languageOf } from './languages.ts';
import { named } from './problems.ts';

/** A file of one language. */
export interface LanguageFile {
  language: string;
  path: string;
  /** As the user would write it. */
  shown: string;
  /** Sentences by line, or rows with fields. */
  kind: 'lines' | 'records';
  split?: string;
}

const LAYOUTS =
  'spa_Latn.dev (FLORES-200), spa_Latn.jsonl (FLORES+), newstest2019-ref.spa.txt (NTREX), es.txt, es.tsv';

/** The parts that FLORES and other sets come in. */
const SPLITS = ['dev', 'devtest', 'test', 'train', 'valid', 'validation'];

/**
 * The files of a folder, or of the part of it that is asked for.
 * @throws UserError if there is none, or if it holds several parts and none was named: what is measured on must not be
 *   trained on unnoticed
 */
export async function languageFiles(
  path: string,
  shown: string,
  split: string | undefined,
): Promise<LanguageFile[]> {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError({ file: shown, message: `cannot be opened as a folder (${error.code})` });
  });
  names.sort();
  const files = names.flatMap((name) => classify(name, path, shown) ?? []);
  const parts = [...new Set(files.flatMap((file) => file.split ?? []))];
  const folders = files.length > 0 ? [] : names.filter((name) => SPLITS.includes(name));
  const all = [...parts, ...folders];
  if (split !== undefined) {
    const folder = folders.includes(split);
    if (folder) return languageFiles(join(path, split), join(shown, split), undefined);
    const chosen = files.filter((file) => file.split === split);
    if (chosen.length > 0) return chosen;
    const found = all.length > 0 ? `has ${named(all)}` : 'is in one part';
    throw new UserError({ file: shown, message: `there is no part ${split} in it: it ${found}` });
  }
  if (all.length > 1) {
    throw new UserError({
      file: shown,
      message: `holds the parts ${named(all)}, and what is measured on must not be trained on; name one of them`,
      ...(folders.length > 0 ? { hint: join(shown, folders[0]!) } : {}),
    });
  }
  if (folders.length === 1)
    return languageFiles(join(path, folders[0]!), join(shown, folders[0]!), undefined);
  if (files.length > 0) return files;
  const found = names.length === 0 ? 'it is empty' : `found ${named(names, 5)}`;
  const parquet = names.some((name) => name.endsWith('.parquet'))
    ? '; parquet is not read, export it as jsonl'
    : '';
  throw new UserError({
    file: shown,
    message: `no file in it is named after a language, as ${LAYOUTS}; ${found}${parquet}`,
  });
}

/** What a file's name says; undefined where it names no language. */
function classify(name: string, path: string, shown: string): LanguageFile | undefined {
  const at = { path: join(path, name), shown: join(shown, name) };
  const parts = name.replace(/\.gz$/, '').split('.');
  const split = parts.find((part) => SPLITS.includes(part));
  const extension = parts.pop() ?? '';
  if (extension !== split && !['txt', 'tsv', 'jsonl'].includes(extension)) return undefined;
  // NTREX puts the set before the language, other sets the part before or behind it: newstest2019-ref.spa, dev.es
  const [language] = parts.reverse().flatMap((part) => (part === split ? [] : (languageOf(part) ?? [])));
  if (language === undefined) return undefined;
  const isRecords = extension === 'tsv' || extension === 'jsonl';
  return { language, ...at, kind: isRecords ? 'records' : 'lines', ...(split ? { split } : {}) };
}
