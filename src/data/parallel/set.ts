/** Parallel sentences: the same ones in several languages, under the same ids. */
import { createHash } from 'node:crypto';
import { UserError } from '../../errors.ts';
import type { Place } from '../row.ts';
import type { Column } from './column.ts';
import { ENGLISH } from './languages.ts';
import { named } from './problems.ts';
import { QUOTED } from './records.ts';

/** Sentences that exist in every one of the languages. */
export interface ParallelSet {
  /** As the user wrote it. */
  name: string;
  /** Codes as recipes write them, in the order asked for; without one, English first. */
  languages: readonly string[];
  /** Ids as texts, in the order of the first language. A sentence's index is its place in this list. */
  ids: readonly string[];
  /** Sentence `index` in a language: not empty, without blanks around it. @throws Error for a language that it lacks */
  text(language: string, index: number): string;
  /** Where that sentence was read. */
  place(language: string, index: number): Place;
  /** SHA-256 of languages, ids and sentences: equal if and only if training sees the same. */
  sha256: string;
  /** What was left out or is strange, for the user to know. */
  notes: readonly string[];
}

/**
 * Joins languages on ids: those that every language has are kept, the others counted in a note.
 * @throws UserError if no sentence is left, or if lines are ids and files differ in how many they have
 */
export function joinColumns(name: string, columns: readonly Column[], notes: readonly string[]): ParallelSet {
  requireSameLines(columns);
  const [first] = columns;
  if (first === undefined) throw new Error('a parallel set needs a language');
  const ids = [...first.sentences.keys()].filter((id) => columns.every(({ sentences }) => sentences.has(id)));
  const all = new Set(columns.flatMap(({ sentences }) => [...sentences.keys()]));
  if (ids.length === 0) {
    const counts = columns.map(({ language, sentences }) => `${language} ${sentences.size}`);
    throw new UserError({
      file: name,
      message: `no sentence is in every language (${named(counts)} sentences); languages are joined on ids`,
    });
  }
  const byLanguage = new Map(columns.map((column) => [column.language, column]));
  const sentence = (language: string, index: number) => {
    const found = byLanguage.get(language)?.sentences.get(ids[index] ?? '');
    if (found === undefined) throw new Error(`the set has no sentence ${index} in ${language}`);
    return found;
  };
  const languages = columns.map(({ language }) => language);
  const text = (language: string, index: number) => sentence(language, index).text;
  const hash = createHash('sha256').update(JSON.stringify(languages));
  for (const [index, id] of ids.entries())
    hash.update(JSON.stringify([id, ...languages.map((language) => text(language, index))]));
  return {
    name,
    languages,
    ids,
    text,
    place: (language, index) => ({
      file: byLanguage.get(language)?.file ?? name,
      line: sentence(language, index).line,
    }),
    sha256: hash.digest('hex'),
    notes: [
      ...notes,
      ...leftOut(name, columns, ids.length, all.size),
      ...strange(name, languages, ids, text),
    ],
  };
}

/** Where lines are ids, a line more or less means that sentences stand beside others than their translations. */
function requireSameLines(columns: readonly Column[]): void {
  const counted = columns.flatMap(({ file, lines }) => (lines === undefined ? [] : { file, ...lines }));
  const [first] = counted;
  if (first === undefined) return;
  const keyed = columns.find(({ lines }) => lines === undefined);
  if (keyed !== undefined) {
    const message = `has ids, but ${first.file} has none: they cannot be joined`;
    throw new UserError({ file: keyed.file, message });
  }
  // Blank lines at the end are no sentences, unless every file has as many of them.
  const differs = (key: 'used' | 'all') => counted.filter((one) => one[key] !== first[key]);
  if (differs('all').length === 0 || differs('used').length === 0) return;
  throw new UserError(
    differs('used').map(({ file, used }) => ({
      file,
      message: `has ${used} sentences, but ${first.file} has ${first.used}; a line is the id of a sentence, so that all files need as many`,
    })),
  );
}

function leftOut(name: string, columns: readonly Column[], kept: number, all: number): string[] {
  const empty = columns.reduce((sum, column) => sum + column.empty, 0);
  const lacking = columns.filter(({ sentences }) => sentences.size < all);
  const why = lacking.map(({ language, sentences }) => `${language} lacks ${all - sentences.size}`);
  const blank = empty > 0 ? `; ${empty} texts are empty` : '';
  if (kept === all)
    return empty > 0 ? [`${name}: sentences that are empty in every language are left out`] : [];
  return [
    `${name}: ${all - kept} of ${all} sentences are left out, not every language has them (${named(why)}${blank})`,
  ];
}

/** Sentences that say the same under two ids, or in two languages, or that were left in quotes (28 of FLORES' Korean ones). */
function strange(
  name: string,
  languages: readonly string[],
  ids: readonly string[],
  text: ParallelSet['text'],
): string[] {
  const notes: string[] = [];
  const main = languages.includes(ENGLISH) ? ENGLISH : languages[0]!;
  const seen = new Map<string, string>();
  const twice: string[] = [];
  for (const [index, id] of ids.entries()) {
    const before = seen.get(text(main, index));
    if (before === undefined) seen.set(text(main, index), id);
    else twice.push(`${before} and ${id}`);
  }
  if (twice.length > 0)
    notes.push(
      `${name}: ${twice.length} sentences are the same in ${main} as another (ids ${named(twice, 3)}); in one batch they count as each other's non-translations`,
    );
  for (const language of languages) {
    if (language === main) continue;
    const copies = ids.filter((_, index) => text(language, index) === text(main, index)).length;
    if (copies > 0) notes.push(`${name}: ${copies} sentences are the same in ${language} as in ${main}`);
  }
  for (const language of languages) {
    const quoted = ids.filter((_, index) => {
      const sentence = text(language, index);
      return sentence.includes('""') && QUOTED.test(sentence);
    }).length;
    if (quoted > 0)
      notes.push(
        `${name}: ${quoted} sentences in ${language} are in quotes, with others doubled inside, as a cell of CSV; they are read as they are`,
      );
  }
  return notes;
}
