/** `gmmlu`, `gmmlu_lite`: Global-MMLU, MMLU in 42 languages with labels of what depends on culture. */
import { UserError } from '../../errors.ts';
import type { Item } from '../item.ts';
import { BAD_ROWS, type BadRows, ItemChecks, LETTERS } from './check.ts';
import { intersect } from './intersect.ts';
import { taskLanguages, taskOptions } from './options.ts';
import { isReadable, readTable, type TableRow } from './read.ts';
import { filesIn, type Located, locate, whatIsIn } from './source.ts';
import type { Task, TaskItems, TaskOptions } from './task.ts';

/** Its configurations (`fil` is ISO 639-1 `tl`), English first among the paper's seven. */
const LANGUAGES =
  'en es id ko el zh ar am bn cs de fa tl fr ha he hi ig it ja ky lt mg ms ne nl ny pl pt ro ru si sn so sr sv sw te tr uk vi yo'.split(
    ' ',
  );
const LITE = 'en id ko zh ar bn de es fr hi it ja pt sw yo'.split(' ');
/** What is read where no language is asked for. */
const PAPER = ['en', 'es', 'id', 'ko', 'el', 'zh', 'ar'];
const FIELDS = ['sample_id', 'question', 'option_a', 'option_b', 'option_c', 'option_d', 'answer'];
const OPTION_FIELDS = FIELDS.slice(2, 6);
/** Columns that figures may be split by. */
const METADATA = ['subject', 'subject_category', 'culture', 'region', 'country', 'time_sensitive'];

/** All of it: 14,042 test questions a language, 285 of the dev split for examples. */
export const gmmlu = globalMmlu('gmmlu', 'CohereLabs/Global-MMLU', LANGUAGES);
/** 400 test questions a language, half of them culturally sensitive. There is no Greek. */
export const gmmluLite = globalMmlu('gmmlu_lite', 'CohereLabs/Global-MMLU-Lite', LITE);

/**
 * Its files are `<language>/test-00000-of-00001.parquet` and `dev-..` as on the hub, or alike: `es/test.jsonl`, `es_test.csv`,
 * `es.test.json`, `test/es.jsonl`, and for questions without examples `es.jsonl`.
 */
function globalMmlu(name: string, id: string, languages: readonly string[]): Task {
  const task: Task = {
    name,
    about: `${id.split('/')[1]}: school and university questions, by subject and by what depends on culture (CA, CS, unlabelled).`,
    languages,
    kind: 'universal',
    scoring: 'letters',
    options: {
      split: { about: 'questions that are asked', values: ['test', 'dev'], default: 'test' },
      bad_rows: BAD_ROWS,
    },
    read: (options) => read(task, id, options),
  };
  return task;
}

async function read(task: Task, id: string, options: TaskOptions): Promise<TaskItems> {
  const own = taskOptions(task, options.options);
  const asked = taskLanguages(task.name, options.languages, task.languages);
  const languages = asked.length > 0 ? asked : PAPER.filter((code) => task.languages!.includes(code));
  const split = own.split!;
  const found = await locate(task.name, options, {
    id,
    folders: languages.map(configOf),
    needs: languages.flatMap((language) => [
      { what: `the ${split} questions in ${language}`, fits: (name) => isOf(name, language, split) },
      { what: `examples in ${language}`, fits: (name) => isOf(name, language, 'dev'), isOptional: true },
    ]),
  });
  if (!found.isFolder)
    throw new UserError({
      file: found.shown,
      message: `is a file; ${task.name} reads a folder that has one a language, such as es/test.parquet`,
    });
  const asks = await readSplit(task, found, languages, split, own.bad_rows as BadRows);
  const shows = split === 'dev' ? undefined : await readSplit(task, found, languages, 'dev', 'drop', true);
  const common = intersect(asks.items, languages, found.shown);
  return {
    items: common.items,
    examples: shows?.items ?? [],
    notes: [...asks.notes, ...common.notes],
    sources: [...asks.sources, ...(shows?.sources ?? [])],
  };
}

async function readSplit(
  task: Task,
  folder: Located,
  languages: readonly string[],
  split: string,
  badRows: BadRows,
  isOptional = false,
) {
  const checks = new ItemChecks(badRows);
  const sources: TaskItems['sources'] = [];
  for (const language of languages) {
    let files = await filesIn(folder, (name) => isOf(name, language, split));
    if (files.length === 0 && split === 'test')
      files = await filesIn(folder, (name) => isReadable(name) && stem(name) === configOf(language), 0);
    if (files.length === 0 && isOptional) continue;
    if (files.length === 0) {
      const message = `has no file of the ${split} questions in ${language}, such as ${configOf(language)}/${split}.parquet; ${await whatIsIn(folder.path)}`;
      throw new UserError({ file: folder.shown, message });
    }
    for (const { path, shown } of files) {
      const { rows, sha256 } = await readTable(path, shown);
      requireLayout(task, rows[0]!);
      sources.push({ path: shown, sha256 });
      for (const row of rows) addRow(row, language, checks);
    }
  }
  if (sources.length === 0) return { items: [] as Item[], notes: [], sources };
  return { ...checks.finish(folder.shown), sources };
}

/** Refuses a file of something else by its first row, before every row of it is found wrong. */
function requireLayout({ name }: Task, { fields, place }: TableRow): void {
  const lacking = FIELDS.filter((field) => !(field in fields));
  if (lacking.length === 0) return;
  const message = `is no file of ${name}: a row must have ${FIELDS.join(', ')}; it lacks ${lacking.join(', ')} and has ${Object.keys(fields).slice(0, 8).join(', ') || 'nothing'}`;
  throw new UserError({ ...place, message });
}

function addRow({ fields, place }: TableRow, language: string, checks: ItemChecks): undefined {
  const id = typeof fields.sample_id === 'number' ? String(fields.sample_id) : fields.sample_id;
  if (typeof id !== 'string' || id.trim() === '') return checks.refuse(place, 'sample_id is empty');
  const answer = fields.answer;
  const letter = typeof answer === 'string' ? answer.trim() : answer;
  // An answer is a letter here, and nothing else: `goldOf` would take the text of an option as well.
  if (typeof letter === 'string' && letter !== '' && !/^[A-D]$/.test(letter))
    return checks.refuse(place, `answer must be A, B, C or D, found ${JSON.stringify(letter.slice(0, 40))}`);
  checks.add({
    id,
    language,
    question: fields.question,
    options: OPTION_FIELDS.map((field) => fields[field]),
    names: OPTION_FIELDS,
    answer: typeof letter === 'string' && letter !== '' ? LETTERS.indexOf(letter) : letter,
    cluster: id,
    metadata: metadataOf(fields),
    doc: fields,
    place,
  });
}

/** `label` is CA, CS or unlabelled: what nobody has looked at is marked `-`. */
function metadataOf(fields: TableRow['fields']): Record<string, string> {
  const label = fields.cultural_sensitivity_label;
  const rest = METADATA.flatMap((key) => {
    const value = fields[key];
    return typeof value === 'string' && value !== '' && value !== '-' ? [[key, value] as const] : [];
  });
  return { label: label === 'CA' || label === 'CS' ? label : 'unlabelled', ...Object.fromEntries(rest) };
}

/** What the hub calls a language. */
function configOf(language: string): string {
  return language === 'tl' ? 'fil' : language;
}

/** Is it, by its name, a file of a split in a language? */
function isOf(name: string, language: string, split: string): boolean {
  if (!isReadable(name)) return false;
  const parts = name.replace(/-\d{5}-of-\d{5}\./, '.').split('/');
  const words = [...parts.slice(-2, -1), ...stem(parts.at(-1)!).split(/[._-]/)];
  return words.length >= 2 && words.includes(configOf(language)) && words.includes(split);
}

function stem(name: string): string {
  return name.replace(/\.(jsonl|json|csv|tsv|parquet)(\.gz)?$/i, '');
}
