/** What the fields of a file of sentences are: ids, languages, texts. */
import { isText, shown } from '../report.ts';
import { addSentence, type Column, emptyColumn } from './column.ts';
import { languageOf, nearestLanguage } from './languages.ts';
import { named, type Problems } from './problems.ts';
import type { TextRecord } from './records.ts';

/** Names of ids in public sets: FLORES+, SIB-200, tables of pandas. `id` is looked at apart: it may be Indonesian. */
export const ID_KEYS = ['id', 'index_id', 'sentence_id', 'sent_id', 'row_id', 'uid', 'idx', 'index', '_id'];
const TEXT_KEYS = ['text', 'sentence'];
const LANGUAGE_KEYS = ['lang', 'language', 'iso_639_3'];

/** What a file holds, and how it was understood. */
export interface ReadColumns {
  columns: Column[];
  notes: string[];
}

/**
 * The sentences of a file that is of one language: `{id, text}`. Without ids, the number of a row's line is its id.
 */
export function columnOf(
  records: readonly TextRecord[],
  file: string,
  language: string,
  problems: Problems,
): Column {
  const keys = keysOf(records);
  const idKey = ID_KEYS.find((key) => keys.has(key));
  const textKey = TEXT_KEYS.find((key) => keys.has(key)) ?? [...keys].find((key) => isColumn(key, language));
  const column = emptyColumn(language, file);
  if (textKey === undefined) {
    problems.add({
      file,
      line: records[0]!.line,
      message: `no field holds the sentences; ${TEXT_KEYS.join(' or ')} is read, found ${named([...keys])}`,
    });
    return column;
  }
  // As in a file of bare sentences: a blank line takes a number, a header does not.
  const header = /\.tsv(\.gz)?$/i.test(file) ? 1 : 0;
  for (const { line, fields } of records) {
    const id = idKey === undefined ? String(line - header) : idOf(fields[idKey], idKey, file, line, problems);
    const said = languageSaid(fields);
    const other = said === undefined ? undefined : languageOf(said);
    if (other !== undefined && other !== language)
      problems.add({
        file,
        line,
        message: `the row says that it is ${shown(said)}, the file's name ${language}`,
      });
    if (id !== undefined) addSentence(column, id, fields[textKey], line, problems, textKey);
  }
  if (idKey === undefined) {
    const last = records.at(-1)!.line - header;
    column.lines = { used: last, all: last };
  }
  return column;
}

/**
 * The sentences of a file of several languages: a row a sentence `{id, lang, text}`, or a column a language. There is a column
 * for each language, with sentences in those that are wanted (all by default).
 */
export function columnsOf(
  records: readonly TextRecord[],
  file: string,
  wanted: readonly string[] | undefined,
  problems: Problems,
): ReadColumns {
  const spread = records.map(({ line, fields: { translation, ...fields } }) =>
    // The Hub's type for translations nests them.
    typeof translation === 'object' && translation !== null
      ? { line, fields: { ...fields, ...translation } as Record<string, unknown> }
      : { line, fields },
  );
  const keys = keysOf(spread);
  const textKey = TEXT_KEYS.find((key) => keys.has(key));
  const isLong = textKey !== undefined && LANGUAGE_KEYS.some((key) => keys.has(key));
  return isLong ? long(spread, file, textKey, wanted, problems) : wide(spread, file, keys, wanted, problems);
}

function long(
  records: readonly TextRecord[],
  file: string,
  textKey: string,
  wanted: readonly string[] | undefined,
  problems: Problems,
): ReadColumns {
  const columns = new Map<string, Column>();
  const idKey = ID_KEYS.find((key) => records.some(({ fields }) => key in fields)) ?? 'id';
  for (const { line, fields } of records) {
    const id = idOf(fields[idKey], idKey, file, line, problems);
    const said = languageSaid(fields);
    const language = said === undefined ? undefined : languageOf(said);
    if (language === undefined) {
      const found = said === undefined ? 'nothing' : shown(said);
      const hint = said === undefined ? undefined : nearestLanguage(said);
      const message = `lang must name a language as ISO 639-1 or FLORES do (es, spa_Latn), found ${found}`;
      problems.add({ file, line, message, ...(hint ? { hint } : {}) });
      continue;
    }
    if (id === undefined) continue;
    const column = columns.get(language) ?? emptyColumn(language, file);
    columns.set(language, column);
    if (isWanted(language, wanted)) addSentence(column, id, fields[textKey], line, problems, textKey);
  }
  return { columns: [...columns.values()], notes: [] };
}

function wide(
  records: readonly TextRecord[],
  file: string,
  keys: ReadonlySet<string>,
  wanted: readonly string[] | undefined,
  problems: Problems,
): ReadColumns {
  const { idKey, notes } = wideId(records, keys, file);
  const byLanguage = new Map<string, string>();
  for (const key of keys) {
    const language = key === idKey ? undefined : languageOf(key.replace(PREFIX, ''));
    if (language === undefined) continue;
    const before = byLanguage.get(language);
    if (before === undefined) byLanguage.set(language, key);
    else {
      const message = `${before} and ${key} are the same language; leave one of them out`;
      problems.add({ file, line: records[0]!.line, message });
    }
  }
  if (idKey === 'id' && wanted?.includes('id') && !byLanguage.has('id')) {
    const message = 'the field id holds ids, not sentences in Indonesian; call those ind';
    problems.add({ file, line: records[0]!.line, message });
  }
  if (byLanguage.size === 0) {
    const found = [...keys].filter((key) => key !== idKey);
    const near = found.map((key) => nearestLanguage(key.replace(PREFIX, ''))).find((code) => code);
    problems.add({
      file,
      line: records[0]!.line,
      message: `no field is a language; rows are {id, lang, text} or have a field a language (en, es, spa_Latn), a table in its first line; found ${named(found.map(shortened))}`,
      ...(near ? { hint: near } : {}),
    });
  }
  const columns = [...byLanguage].map(([language, key]) => ({ key, column: emptyColumn(language, file) }));
  for (const { line, fields } of records) {
    const id = idKey === undefined ? String(line) : idOf(fields[idKey], idKey, file, line, problems);
    if (id === undefined) continue;
    for (const { key, column } of columns)
      if (isWanted(column.language, wanted)) addSentence(column, id, fields[key], line, problems, key);
  }
  const unread = [...keys].filter((key) => key !== idKey && ![...byLanguage.values()].includes(key));
  if (unread.length > 0) notes.push(`${file}: fields that are no language: ${named(unread)}`);
  return { columns: columns.map(({ column }) => column), notes };
}

function isWanted(language: string, wanted: readonly string[] | undefined): boolean {
  return wanted?.includes(language) ?? true;
}

/** facebook/flores names its columns so. */
const PREFIX = /^(sentence|text)_/;

/**
 * The field of ids. `id` is Indonesian, too: where another field holds ids, or where its values read as sentences. An id has
 * no blanks in it.
 */
function wideId(
  records: readonly TextRecord[],
  keys: ReadonlySet<string>,
  file: string,
): { idKey: string | undefined; notes: string[] } {
  const [first, second] = ID_KEYS.filter((key) => keys.has(key));
  if (first !== 'id') return { idKey: first, notes: [] };
  const values = records
    .map(({ fields }) => fields.id)
    .filter((value) => value !== undefined && value !== '');
  const sentences = values.filter((value) => isText(value) && /\S\s+\S/.test(value)).length;
  const isIndonesian = sentences * 2 > values.length;
  if (!isIndonesian) return { idKey: 'id', notes: [] };
  const ids = second === undefined ? 'rows have no ids of their own' : `ids are in ${second}`;
  return {
    idKey: second,
    notes: [`${file}: the field id reads as sentences and is taken for Indonesian; ${ids}`],
  };
}

function isColumn(key: string, language: string): boolean {
  return key !== 'id' && languageOf(key.replace(PREFIX, '')) === language;
}

/** The language that a row names: FLORES+ has the script beside it. */
function languageSaid(fields: Readonly<Record<string, unknown>>): string | undefined {
  const key = LANGUAGE_KEYS.find((name) => isText(fields[name]));
  if (key === undefined) return undefined;
  const { iso_15924: script } = fields;
  return key === 'iso_639_3' && isText(script) ? `${fields[key]}_${script}` : String(fields[key]);
}

/** An id as text: 7 and "7" are the same one. */
export function idOf(
  value: unknown,
  key: string,
  file: string,
  line: number,
  problems: Problems,
): string | undefined {
  if (typeof value === 'number' || isText(value)) return String(value).trim();
  return problems.add({ file, line, message: `${key} must be a number or a text, found ${shown(value)}` });
}

/** A name as it stands, but for those that are as long as a sentence. */
function shortened(name: string): string {
  return name.length > 20 ? `${name.slice(0, 20)}..` : name;
}

function keysOf(records: readonly TextRecord[]): Set<string> {
  const keys = new Set<string>();
  for (const { fields } of records) for (const key of Object.keys(fields)) keys.add(key);
  return keys;
}
