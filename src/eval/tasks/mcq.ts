/**
 * `mcq`: questions of the user's own, a row each:
 * `{id, lang, question, options | choices, answer, cluster?, ..}`. Options are a list, or an object of letters; the answer is an
 * index from 0, a letter, or the text of an option. What else a row has and is a text, number or truth value becomes metadata.
 */
import { languageOf, nearestLanguage } from '../../data/parallel/index.ts';
import { isEmpty, isRecord, shown } from '../../data/report.ts';
import { UserError } from '../../errors.ts';
import { BAD_ROWS, type BadRows, ItemChecks, LETTERS } from './check.ts';
import { intersect } from './intersect.ts';
import { nearest } from './nearest.ts';
import { taskLanguages, taskOptions } from './options.ts';
import { isReadable, readTable, type TableRow } from './read.ts';
import { filesIn, locate, whatIsIn } from './source.ts';
import type { Task, TaskItems, TaskOptions } from './task.ts';

const READ = ['id', 'lang', 'language', 'question', 'options', 'choices', 'answer', 'cluster'];

/** A file of the user's, in any languages. */
export const mcq: Task = {
  name: 'mcq',
  about:
    'Questions of your own: rows of id, lang, question, options (or choices), answer (index, letter or text), and cluster.',
  kind: 'other',
  scoring: 'letters',
  options: {
    intersect: {
      about: 'only questions that all languages have by id, or all',
      values: ['yes', 'no'],
      default: 'yes',
    },
    bad_rows: BAD_ROWS,
  },
  async read(options: TaskOptions): Promise<TaskItems> {
    const own = taskOptions(mcq, options.options);
    const wanted = taskLanguages(mcq.name, options.languages);
    const files = await filesOf(options);
    const checks = new ItemChecks(own.bad_rows as BadRows);
    const met = new Set<string>();
    const sources: TaskItems['sources'] = [];
    for (const { path, shown: file } of files.list) {
      const { rows, sha256 } = await readTable(path, file);
      sources.push({ path: file, sha256 });
      for (const row of rows) addRow(row, wanted, met, checks);
    }
    const missing = wanted.filter((language) => !met.has(language));
    if (missing.length > 0 && met.size > 0) {
      const message = `has no question in ${missing.join(', ')}; it has ${[...met].join(', ')}`;
      throw new UserError({ file: files.shown, message });
    }
    const { items, notes } = checks.finish(files.shown);
    const languages = wanted.length > 0 ? wanted : [...met];
    if (own.intersect === 'no' || languages.length === 1) return { items, examples: [], notes, sources };
    const common = intersect(items, languages, files.shown);
    return { items: common.items, examples: [], notes: [...notes, ...common.notes], sources };
  },
};

async function filesOf(options: TaskOptions) {
  const needs = [{ what: 'questions', fits: isReadable }];
  const found = await locate(mcq.name, options, { folders: ['data'], needs });
  if (!found.isFolder) return { shown: found.shown, list: [found] };
  const list = await filesIn(found, isReadable);
  if (list.length === 0) {
    const message = `has no .jsonl, .json, .csv, .tsv or .parquet file; ${await whatIsIn(found.path)}`;
    throw new UserError({ file: found.shown, message });
  }
  return { shown: found.shown, list };
}

function addRow(
  { fields, place }: TableRow,
  wanted: readonly string[],
  met: Set<string>,
  checks: ItemChecks,
): undefined {
  const spelled = fields.lang ?? fields.language;
  const only = wanted.length === 1 ? wanted[0] : undefined;
  if (isEmpty(spelled) && only === undefined) return missing('lang', fields, place, checks);
  const language = isEmpty(spelled) ? only! : typeof spelled === 'string' ? languageOf(spelled) : undefined;
  if (language === undefined) {
    const hint = typeof spelled === 'string' ? nearestLanguage(spelled) : undefined;
    return checks.refuse(
      place,
      `lang ${shown(spelled)} is no language's code; write ISO 639-1, such as es`,
      hint,
    );
  }
  met.add(language);
  if (wanted.length > 0 && !wanted.includes(language)) return;
  const id = textOf(fields.id);
  if (id === undefined) return missing('id', fields, place, checks);
  if (fields.options !== undefined && fields.choices !== undefined)
    return checks.refuse(place, 'has options and choices; which is meant?');
  const given = fields.options ?? fields.choices;
  if (given === undefined || given === null) return missing('options', fields, place, checks);
  const options = optionList(given);
  if (typeof options === 'string') return checks.refuse(place, options);
  if (isEmpty(fields.answer) && misspelt('answer', fields) !== undefined)
    return missing('answer', fields, place, checks);
  if (isEmpty(fields.question)) return missing('question', fields, place, checks);
  checks.add({
    id,
    language,
    question: fields.question,
    options,
    answer: fields.answer,
    cluster: textOf(fields.cluster) ?? id,
    metadata: metadataOf(fields),
    doc: fields,
    place,
  });
}

function missing(
  key: string,
  fields: TableRow['fields'],
  place: TableRow['place'],
  checks: ItemChecks,
): undefined {
  const found = misspelt(key, fields);
  const hint = found === undefined ? undefined : `\`${key}\` for \`${found}\``;
  return checks.refuse(place, `the row has no ${key === 'options' ? 'options or choices' : key}`, hint);
}

/** A field that was probably meant to be `key`. */
function misspelt(key: string, fields: TableRow['fields']): string | undefined {
  return Object.keys(fields).find((field) => !READ.includes(field) && nearest(field, READ) === key);
}

/**
 * Options of a list, of an object whose names are the letters from A on, or of either as JSON text (as CSV has it);
 * else what is wrong.
 */
export function optionList(given: unknown): readonly unknown[] | string {
  if (Array.isArray(given)) return given;
  if (typeof given === 'string') {
    let parsed: unknown;
    try {
      parsed = JSON.parse(given);
    } catch {
      return `options must be a list, or an object of letters, found ${shown(given)}`;
    }
    return typeof parsed === 'string' ? `options must be a list, found ${shown(given)}` : optionList(parsed);
  }
  if (!isRecord(given)) return `options must be a list, or an object of letters, found ${shown(given)}`;
  const letters = Object.keys(given).sort();
  const strange = letters.find((letter, index) => letter !== LETTERS[index]);
  if (strange !== undefined)
    return `the letters of options must be ${LETTERS.slice(0, letters.length).split('').join(', ')}, found ${letters.join(', ')}`;
  return letters.map((letter) => given[letter]);
}

/** A text or a number as a name. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function metadataOf(fields: TableRow['fields']): Record<string, string> {
  const plain = Object.entries(fields).filter(
    ([key, value]) =>
      !READ.includes(key) && ['string', 'number', 'boolean'].includes(typeof value) && value !== '',
  );
  return Object.fromEntries(plain.map(([key, value]) => [key, String(value)]));
}
