/**
 * `blend`: BLEnD's multiple-choice questions, as its file on the hub has them (English, `mc_questions_file_v1.1.json`), and in the
 * languages of the regions as jsonl of the same fields, a row each:
 *
 * `{MCQID, ID, country, lang, form, question, choices, choice_countries, answer_idx}`
 *
 * `lang` is en where it is not given, `form` contextualized (or decontextualized), `question` takes the place of `prompt`; choices
 * and their countries are objects of letters, as they are or as JSON text. Rows of one MCQID are one question in several languages.
 */
import { languageOf } from '../../data/parallel/index.ts';
import { isRecord, shown } from '../../data/report.ts';
import { UserError } from '../../errors.ts';
import type { Item } from '../item.ts';
import { BLEND_LANGUAGES, FORM, regionsOf } from './blend-regions.ts';
import { BAD_ROWS, type BadRows, ItemChecks, LETTERS } from './check.ts';
import { intersect } from './intersect.ts';
import { optionList } from './mcq.ts';
import { countOption, taskLanguages, taskOptions } from './options.ts';
import { isReadable, readTable, type TableRow } from './read.ts';
import { filesIn, locate, whatIsIn } from './source.ts';
import type { Task, TaskItems, TaskOptions } from './task.ts';

/** What its prompts put behind the question. */
const INSTRUCTION = ' Without any explanation';
const NEEDED = ['MCQID', 'ID', 'country', 'choices', 'answer_idx'];
/** The hub's files, the newer one first: translations were mended in v1.1. */
const HUB_FILE = /^mc_questions_file(_v[\d.]+)?\.(json|csv)$/;

/** About 60 variants of each of 318 questions a region; five are asked unless told. */
export const blend: Task = {
  name: 'blend',
  about:
    "BLEnD's multiple-choice questions on everyday life of a region, with answers of other regions as options.",
  languages: BLEND_LANGUAGES,
  kind: 'cultural',
  scoring: 'letters',
  options: {
    variants: {
      about: 'variants of a question, which differ in their options',
      values: ['1', '5', 'all'],
      default: '5',
    },
    form: FORM,
    bad_rows: BAD_ROWS,
  },
  async read(options: TaskOptions): Promise<TaskItems> {
    const own = taskOptions(blend, options.options);
    const most = countOption(blend.name, 'variants', own.variants!);
    const asked = taskLanguages(blend.name, options.languages, BLEND_LANGUAGES);
    const { list, shown: file } = await filesOf(options);
    const checks = new ItemChecks(own.bad_rows as BadRows);
    const sources: TaskItems['sources'] = [];
    const met = new Set<string>();
    for (const { path, shown } of list) {
      const { rows, sha256 } = await readTable(path, shown);
      sources.push({ path: shown, sha256 });
      requireLayout(rows[0]!);
      for (const row of rows) addRow(row, asked.length > 0 ? asked : BLEND_LANGUAGES, own.form!, met, checks);
    }
    const missing = asked.filter((language) => !met.has(`${language}/${own.form}`));
    if (missing.length > 0) {
      const message = `has no ${own.form} questions in ${missing.join(', ')}; it has ${[...met].map((key) => key.replace('/', ' ')).join(', ') || 'none that are known'}`;
      throw new UserError({ file, message });
    }
    const { items, notes } = checks.finish(file);
    const languages =
      asked.length > 0 ? asked : BLEND_LANGUAGES.filter((language) => met.has(`${language}/${own.form}`));
    const common = intersect(items, languages, file, ({ metadata }) => metadata.region!);
    const kept = firstVariants(common.items, most);
    if (kept.length < common.items.length)
      notes.push(
        `${common.items.length - kept.length} of ${common.items.length} items are left out: variants beyond the first ${most} of a question`,
      );
    return { items: kept, examples: [], notes: [...notes, ...common.notes], sources };
  },
};

async function filesOf(options: TaskOptions) {
  const isHubs = (name: string) => HUB_FILE.test(name.split('/').at(-1)!);
  const found = await locate(blend.name, options, {
    id: 'nayeon212/BLEnD',
    folders: ['data/mc_questions_hf'],
    needs: [{ what: 'multiple-choice questions (mc_questions_file_v1.1.json)', fits: isHubs }],
  });
  if (!found.isFolder) return { shown: found.shown, list: [found] };
  const files = await filesIn(found, (name) => isHubs(name) || /\.jsonl(\.gz)?$/i.test(name));
  // Sorted by name, `.json` stands behind `_v1.1.json`, and both would be the same questions twice.
  const newest = files
    .filter(({ name }) => isHubs(name))
    .sort((a, b) => version(b.name) - version(a.name))[0];
  const list = files.filter((file) => file === newest || !isHubs(file.name));
  if (list.length === 0) {
    const message = `has no mc_questions_file_v1.1.json, and no .jsonl file; ${await whatIsIn(found.path)}`;
    throw new UserError({ file: found.shown, message });
  }
  return { shown: found.shown, list };
}

function version(name: string): number {
  return Number(/_v(\d+(?:\.\d+)?)/.exec(name)?.[1] ?? 0);
}

/** Refuses a file of something else by its first row. */
function requireLayout({ fields, place }: TableRow): void {
  const lacking = NEEDED.filter((field) => !(field in fields));
  if (!('prompt' in fields) && !('question' in fields)) lacking.push('prompt (or question)');
  if (lacking.length === 0) return;
  const hint =
    isReadable(place.file) && 'annotations' in fields ? { hint: 'the task blend_annotations' } : {};
  const message = `is no file of BLEnD's multiple-choice questions: a row must have ${NEEDED.join(', ')} and prompt (or question); it lacks ${lacking.join(', ')}`;
  throw new UserError({ ...place, message, ...hint });
}

function addRow(
  { fields, place }: TableRow,
  languages: readonly string[],
  form: string,
  met: Set<string>,
  checks: ItemChecks,
): undefined {
  const { MCQID: id, ID: question, country } = fields;
  if (typeof id !== 'string' || id === '' || typeof question !== 'string' || question === '')
    return checks.refuse(place, `MCQID and ID must be texts, found ${shown(id)} and ${shown(question)}`);
  if (typeof country !== 'string' || country === '')
    return checks.refuse(place, `country must be a text, found ${shown(country)}`);
  const spelled = fields.lang ?? 'en';
  const language = typeof spelled === 'string' ? languageOf(spelled) : undefined;
  if (language === undefined) return checks.refuse(place, `lang ${shown(spelled)} is no language's code`);
  const its = fields.form ?? 'contextualized';
  if (its !== 'contextualized' && its !== 'decontextualized')
    return checks.refuse(place, `form must be contextualized or decontextualized, found ${shown(its)}`);
  met.add(`${language}/${its}`);
  const isAsked = regionsOf(languages).some(({ name }) => name === country);
  if (its !== form || !isAsked || !languages.includes(language)) return undefined;
  const options = optionList(fields.choices);
  if (typeof options === 'string') return checks.refuse(place, options.replace('options', 'choices'));
  const letter = typeof fields.answer_idx === 'string' ? fields.answer_idx.trim() : fields.answer_idx;
  const gold = typeof letter === 'string' && letter.length === 1 ? LETTERS.indexOf(letter) : -1;
  if (typeof letter === 'string' && letter !== '' && (gold === -1 || gold >= options.length)) {
    const message = `answer_idx ${shown(letter)} is not among the letters of the choices (${LETTERS.slice(0, options.length).split('').join(', ')})`;
    return checks.refuse(place, message);
  }
  if (typeof letter === 'number') return checks.refuse(place, `answer_idx must be a letter, found ${letter}`);
  const countries = countriesOf(fields.choice_countries, options.length);
  checks.add({
    id: `${country}/${id}`,
    language,
    question: questionOf(fields),
    options,
    names: options.map((_, index) => `choice ${LETTERS[index]}`),
    answer: gold === -1 ? letter : gold,
    answerName: 'answer_idx',
    cluster: question,
    metadata: { region: country, form, ...(countries === undefined ? {} : { countries }) },
    doc: fields,
    place,
  });
}

/** The question alone, without the instruction and options that the prompt holds as well. */
function questionOf({ question, prompt }: TableRow['fields']): unknown {
  return question ?? (typeof prompt === 'string' ? prompt.split(INSTRUCTION)[0]! : prompt);
}

/** The countries of options in their order, as `Spain|US|dummy|China`; undefined where they are not told. */
function countriesOf(given: unknown, count: number): string | undefined {
  let value = given;
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value) as unknown;
    } catch {
      return undefined;
    }
  }
  if (!isRecord(value)) return undefined;
  const names = LETTERS.slice(0, count)
    .split('')
    .map((letter) => (value as Record<string, unknown>)[letter]);
  return names.every((name) => typeof name === 'string') ? names.join('|') : undefined;
}

/** The first variants of each question of a region, by their numbers (`Al-en-01_7`): the same in all languages. */
function firstVariants(items: readonly Item[], most: number): Item[] {
  const ids = new Map<string, Set<string>>();
  for (const { id, cluster, metadata } of items) {
    const question = `${metadata.region}/${cluster}`;
    if (!ids.has(question)) ids.set(question, new Set());
    ids.get(question)!.add(id);
  }
  const kept = new Set(
    [...ids.values()].flatMap((all) =>
      [...all].sort((a, b) => numberOf(a) - numberOf(b) || (a < b ? -1 : 1)).slice(0, most),
    ),
  );
  return items.filter(({ id }) => kept.has(id));
}

function numberOf(id: string): number {
  return Number(/_(\d+)$/.exec(id)?.[1] ?? 0);
}
