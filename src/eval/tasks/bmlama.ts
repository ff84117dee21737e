/**
 * `bmlama`: facts with a gap and candidates for it (BMLAMA-53): a file a language, aligned by line, of Prompt, Ans, Candidate Ans,
 * Subject. A stand-in for universal knowledge where Global-MMLU cannot be had.
 */

import { shuffled } from '../../data/order.ts';
import { Problems } from '../../data/parallel/problems.ts';
import { readRecords } from '../../data/parallel/records.ts';
import { hashFile } from '../../data/read.ts';
import { type Problem, UserError } from '../../errors.ts';
import type { Item } from '../item.ts';
import { ItemChecks } from './check.ts';
import { countOption, taskLanguages, taskOptions } from './options.ts';
import { type Found, filesIn, type Located, locate, whatIsIn } from './source.ts';
import type { Task, TaskItems, TaskOptions } from './task.ts';

/** What is read where no language is asked for, of those that the folder has: the paper's seven. */
const PAPER = ['en', 'es', 'id', 'ko', 'el', 'zh', 'ar'];
const FIELDS = ['Prompt', 'Ans', 'Candidate Ans'];
const MASK = '<mask>';
/** What the gap is shown as: `Question: .. ___ ..` beat the cloze form by 3 points, and no model has seen `<mask>` as a word. */
const GAP = '___';
const OPTIONS = 4;
/** Rows that few-shot prompts may begin with, each of another relation; they are not asked. */
const EXAMPLES = 5;
/** Its wrong candidates are often right as well: nearly all pairs of countries have diplomatic relations. */
const AMBIGUOUS = 'diplomatic relations';

/** Rows that are usable in all languages asked for; four options, the same in all. */
export const bmlama: Task = {
  name: 'bmlama',
  about:
    'BMLAMA-53: facts with a gap (who plays for which team, what is where), the answer among three other candidates of its relation.',
  kind: 'universal',
  scoring: 'text',
  options: {
    per_relation: {
      about: 'questions of one relation (its English prompt without the subject) at most: a number, or all',
      default: 'all',
    },
  },
  async read(options: TaskOptions): Promise<TaskItems> {
    const own = taskOptions(bmlama, options.options);
    const most = countOption(bmlama.name, 'per_relation', own.per_relation!);
    const asked = taskLanguages(bmlama.name, options.languages);
    const languages = asked.length > 0 ? asked : PAPER;
    // Relations are told apart in English, which may not be asked for.
    const needed = [...new Set(['en', ...languages])];
    const isFile = (name: string, language: string) =>
      name.split('/').at(-1)!.replace(/\.gz$/, '') === `${language}.tsv`;
    const found = await locate(bmlama.name, options, {
      folders: ['BMLAMA53', 'bmlama53', 'data'],
      needs: needed.map((language) => ({
        what: `the questions in ${language} (${language}.tsv)`,
        fits: (name) => isFile(name, language),
      })),
    });
    const columns = await readColumns(found, needed, isFile);
    const { rows, notes } = usableRows(columns, languages);
    const chosen = capped(rows, columns, most, options.seed);
    if (chosen.length < rows.length)
      notes.push(
        `${rows.length - chosen.length} more are left out, of relations with more than ${most} questions`,
      );
    const shown = new Set(exampleRows(chosen, columns, options.seed));
    const itemsOf = (rows: readonly number[]) => {
      const checks = new ItemChecks();
      for (const language of languages)
        for (const row of rows) addItem(columns, language, row, options.seed, checks);
      return checks.finish(found.shown).items;
    };
    const items = itemsOf(chosen.filter((row) => !shown.has(row)));
    const examples = shown.size > 0 ? itemsOf([...shown]) : [];
    const sources = needed.map((language) => columns.get(language)!.source);
    return { items, examples, notes, sources };
  },
};

/** A row of one language. */
interface Row {
  prompt: string;
  answer: string;
  candidates: readonly string[];
  subject: string;
  fields: Readonly<Record<string, unknown>>;
}

/** Rows of one language by line. */
interface Column {
  file: string;
  rows: Map<number, Row>;
  source: { path: string; sha256: string };
}

type Columns = ReadonlyMap<string, Column>;

async function readColumns(
  found: Located,
  languages: readonly string[],
  isFile: (name: string, language: string) => boolean,
): Promise<Columns> {
  if (!found.isFolder)
    throw new UserError({
      file: found.shown,
      message: 'is a file; bmlama reads a folder of en.tsv, es.tsv and so on',
    });
  const files = new Map<string, Found>();
  const problems: Problem[] = [];
  for (const language of languages) {
    const [file] = await filesIn(found, (name) => isFile(name, language));
    if (file !== undefined) files.set(language, file);
    else {
      const why = language === 'en' ? ', by which relations are told apart' : '';
      problems.push({
        file: found.shown,
        message: `has no ${language}.tsv${why}; ${await whatIsIn(found.path)}`,
      });
    }
  }
  if (problems.length > 0) throw new UserError(problems);
  const columns = new Map<string, Column>();
  for (const [language, { path, shown: file }] of files) {
    const rows = new Map<number, Row>();
    for (const { line, fields } of await readRecords(path, file, new Problems()))
      rows.set(line, rowOf(fields, file, line));
    columns.set(language, { file, rows, source: { path: file, sha256: await hashFile(path) } });
  }
  return columns;
}

/** @throws UserError for a file of another layout */
function rowOf(fields: Readonly<Record<string, unknown>>, file: string, line: number): Row {
  const lacking = FIELDS.filter((name) => typeof fields[name] !== 'string');
  if (lacking.length > 0) {
    const message = `is no file of BMLAMA: it must have the columns ${FIELDS.join(', ')} and Subject, and lacks ${lacking.join(', ')}`;
    throw new UserError({ file, line, message });
  }
  const [prompt, answer, candidates] = FIELDS.map((name) => (fields[name] as string).trim());
  return {
    prompt: prompt!,
    answer: answer!,
    candidates: candidates!.split(', ').map((candidate) => candidate.trim()),
    subject: typeof fields.Subject === 'string' ? fields.Subject.trim() : '',
    fields,
  };
}

/** Lines whose candidates say the same in the same order in all languages, as far as that can be seen. */
function usableRows(columns: Columns, languages: readonly string[]) {
  const english = columns.get('en')!;
  const left = new Map<string, number>();
  const rows: number[] = [];
  for (const [line, { prompt }] of english.rows) {
    const why = prompt.includes(AMBIGUOUS)
      ? `of ${AMBIGUOUS}, whose wrong answers are often right`
      : whyUnusable(languages.map((language) => columns.get(language)!.rows.get(line)));
    if (why === undefined) rows.push(line);
    else left.set(why, (left.get(why) ?? 0) + 1);
  }
  const of = `of ${english.rows.size} rows`;
  const notes = [...left].map(([why, count]) => `${count} ${of} are left out: ${why}`);
  if (rows.length === 0)
    throw new UserError({ file: english.file, message: `no row can be used; ${notes.join('; ')}` });
  return { rows, notes };
}

function whyUnusable(rows: readonly (Row | undefined)[]): string | undefined {
  if (rows.some((row) => row === undefined)) return 'absent in a language';
  const all = rows as readonly Row[];
  if (all.some(({ candidates }) => candidates.length !== all[0]!.candidates.length))
    return 'languages have different numbers of candidates';
  if (all[0]!.candidates.length < OPTIONS) return `fewer than ${OPTIONS} candidates`;
  const places = all.map(({ answer, candidates }) => candidates.indexOf(answer));
  if (places.includes(-1)) return 'the answer is not among the candidates';
  if (new Set(places).size > 1) return 'the answer stands elsewhere among the candidates of another language';
  if (all.some(({ candidates }) => candidates.includes('') || new Set(candidates).size < candidates.length))
    return 'two candidates are equal in a language';
  if (all.some(({ prompt }) => !prompt.includes(MASK) || prompt.includes('\uFFFD')))
    return 'the prompt has no gap, or broken characters';
  return undefined;
}

/** The English prompt with its subject taken out. */
function relationOf(columns: Columns, line: number): string {
  const { prompt, subject } = columns.get('en')!.rows.get(line)!;
  return subject === '' ? prompt : prompt.replace(subject, '[X]');
}

function capped(rows: readonly number[], columns: Columns, most: number, seed: number): number[] {
  if (most === Number.POSITIVE_INFINITY) return [...rows];
  const counts = new Map<string, number>();
  const chosen = shuffled(rows, `${seed}/bmlama`).filter((line) => {
    const relation = relationOf(columns, line);
    counts.set(relation, (counts.get(relation) ?? 0) + 1);
    return counts.get(relation)! <= most;
  });
  return chosen.sort((a, b) => a - b);
}

/** Of so few rows that they are missed, none is taken. */
function exampleRows(rows: readonly number[], columns: Columns, seed: number): number[] {
  const byRelation = new Map<string, number>();
  for (const row of shuffled(rows, `${seed}/bmlama/examples`)) {
    const relation = relationOf(columns, row);
    if (!byRelation.has(relation)) byRelation.set(relation, row);
  }
  return rows.length < 4 * EXAMPLES ? [] : [...byRelation.values()].slice(0, EXAMPLES);
}

function addItem(
  columns: Columns,
  language: string,
  line: number,
  seed: number,
  checks: ItemChecks,
): Item | undefined {
  const { file, rows } = columns.get(language)!;
  const { prompt, answer, candidates, subject, fields } = rows.get(line)!;
  const gold = candidates.indexOf(answer);
  const others = candidates.map((_, index) => index).filter((index) => index !== gold);
  const chosen = [gold, ...shuffled(others, `${seed}/bmlama/${line}`).slice(0, OPTIONS - 1)];
  const order = shuffled(chosen, `${seed}/bmlama/${line}/order`);
  return checks.add({
    id: String(line - 1),
    language,
    question: prompt.replace(MASK, GAP),
    options: order.map((index) => candidates[index]),
    answer: order.indexOf(gold),
    cluster: String(line - 1),
    metadata: { relation: relationOf(columns, line), ...(subject === '' ? {} : { subject }) },
    doc: fields,
    place: { file, line },
  });
}
