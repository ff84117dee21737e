/**
 * `blend_annotations`: questions of everyday life of a region, in its language and in English, with options made here of BLEnD's
 * annotations (`<Region>_data.json`): the answer most people of the region gave, against what people of others answered.
 */
import { shuffled } from '../../data/order.ts';
import { isRecord } from '../../data/report.ts';
import { UserError } from '../../errors.ts';
import { type Answer, type AnswerOption, chooseOptions, isNumeric, localWords } from './blend-answers.ts';
import { BLEND_LANGUAGES, FORM, REGIONS, type Region, regionsOf } from './blend-regions.ts';
import { ItemChecks } from './check.ts';
import { decontextualize, decontextualizeEnglish } from './decontextualize.ts';
import { intersect } from './intersect.ts';
import { taskLanguages, taskOptions } from './options.ts';
import { readTable, type TableRow } from './read.ts';
import { filesIn, type Located, locate, whatIsIn } from './source.ts';
import type { Task, TaskItems, TaskOptions } from './task.ts';

/** Each language asks about its own region; English about the regions of the others (alone: about all six of the paper). */
export const blendAnnotations: Task = {
  name: 'blend_annotations',
  about:
    'BLEnD: everyday life of a region in its language and in English; the most voted answer against those of other regions.',
  languages: BLEND_LANGUAGES,
  kind: 'cultural',
  scoring: 'text',
  options: {
    form: FORM,
    pairs: {
      about:
        'only questions that have both forms in all languages, so that the two are measured on the same; or all of the form',
      values: ['yes', 'no'],
      default: 'yes',
    },
  },
  async read(options: TaskOptions): Promise<TaskItems> {
    const own = taskOptions(blendAnnotations, options.options);
    const asked = taskLanguages(blendAnnotations.name, options.languages, BLEND_LANGUAGES);
    const languages = asked.length > 0 ? asked : BLEND_LANGUAGES;
    const regions = regionsOf(languages);
    const { found, files, notes } = await readFiles(options, regions);
    const checks = new ItemChecks('drop');
    for (const region of regions) {
      const left = addRegion(region, files, languages, own, options.seed, checks);
      if (left.length > 0) notes.push(`${region.name}: ${left.join('; ')}`);
    }
    const { items, notes: dropped } = checks.finish(found.shown);
    const common = intersect(items, languages, found.shown, ({ metadata }) => metadata.region!);
    const sources = [...files.values()].map(({ source }) => source);
    return { items: common.items, examples: [], notes: [...notes, ...dropped, ...common.notes], sources };
  },
};

/** A question as it was annotated. */
interface Annotated {
  question: string;
  english: string;
  annotations: readonly Answer[];
  row: TableRow;
}

/** The questions of a region by id. */
interface RegionFile {
  questions: ReadonlyMap<string, Annotated>;
  source: { path: string; sha256: string };
}

async function readFiles(options: TaskOptions, regions: readonly Region[]) {
  const fits = (name: string, region: Region) => name.split('/').at(-1) === `${region.name}_data.json`;
  const found = await locate(blendAnnotations.name, options, {
    id: 'nayeon212/BLEnD',
    folders: ['data/annotations_hf', 'data/annotations'],
    needs: REGIONS.map((region) => ({
      what: `the annotations of ${region.name}`,
      fits: (name) => fits(name, region),
      isOptional: !regions.some(({ name }) => name === region.name),
    })),
  });
  if (!found.isFolder)
    throw new UserError({
      file: found.shown,
      message: 'is a file; blend_annotations reads a folder of Spain_data.json, US_data.json and so on',
    });
  const files = new Map<string, RegionFile>();
  const absent: string[] = [];
  for (const region of REGIONS) {
    const [file] = await filesIn(found, (name) => fits(name, region));
    if (file !== undefined) files.set(region.name, await readRegion(file.path, file.shown));
    else if (regions.some(({ name }) => name === region.name)) await refuseAbsent(found, region);
    else absent.push(region.name);
  }
  const notes =
    absent.length > 0
      ? [`there are no annotations of ${absent.join(', ')}, whose answers are no options`]
      : [];
  return { found, files, notes };
}

async function refuseAbsent(found: Located, { name, language }: Region): Promise<never> {
  const message = `has no ${name}_data.json, which is needed for ${language}; ${await whatIsIn(found.path)}`;
  throw new UserError({ file: found.shown, message });
}

async function readRegion(path: string, shown: string): Promise<RegionFile> {
  const { rows, sha256 } = await readTable(path, shown);
  const checks = new ItemChecks();
  const questions = new Map<string, Annotated>();
  for (const row of rows) {
    const { fields, place, key } = row;
    const id = key ?? fields.ID;
    if (typeof id !== 'string' || id === '')
      checks.refuse(place, 'a question must be named by its id, or have it as ID');
    else if (questions.has(id)) checks.refuse(place, `the id ${id} is given twice`);
    else {
      const annotated = annotatedOf(row);
      if (typeof annotated === 'string') checks.refuse(place, `${id}: ${annotated}`);
      else questions.set(id, annotated);
    }
  }
  checks.check();
  return { questions, source: { path: shown, sha256 } };
}

/** What a row says, or what is wrong with it. */
function annotatedOf(row: TableRow): Annotated | string {
  const { question, en_question, annotations } = row.fields;
  if (typeof question !== 'string' || typeof en_question !== 'string')
    return 'is no row of BLEnD: it must have question, en_question and annotations';
  if (!Array.isArray(annotations)) return 'annotations must be a list';
  const answers: Answer[] = [];
  for (const entry of annotations as unknown[]) {
    const { answers: local, en_answers: english, count } = isRecord(entry) ? entry : {};
    if (!isTexts(local) || !isTexts(english) || typeof count !== 'number' || !(count >= 0))
      return 'an annotation must have answers and en_answers, lists of texts, and count, a number';
    answers.push({ answers: local.map(String), en_answers: english.map(String), count });
  }
  const blanks = (text: string) => text.replace(/\s+/g, ' ').trim();
  return { question: blanks(question), english: blanks(en_question), annotations: answers, row };
}

/** Numbers stand among the answers. */
function isTexts(value: unknown): value is (string | number)[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string' || typeof text === 'number');
}

/** Adds the items of a region, and says how many of its questions have none. */
function addRegion(
  region: Region & { language: string },
  files: ReadonlyMap<string, RegionFile>,
  languages: readonly string[],
  { form, pairs }: Readonly<Record<string, string>>,
  seed: number,
  checks: ItemChecks,
): string[] {
  const { questions } = files.get(region.name)!;
  const words = localWords(
    [...questions.values()].map(({ annotations }) => annotations),
    region.language,
  );
  const anglophoneFirst = [...files.keys()]
    .sort((a, b) => rank(a) - rank(b))
    .filter((name) => name !== region.name);
  const left = new Map<string, number>();
  for (const [id, annotated] of questions) {
    const others = anglophoneFirst.flatMap((name) => {
      const theirs = files.get(name)!.questions.get(id)?.annotations;
      return theirs === undefined ? [] : [[name, theirs] as const];
    });
    const key = `${seed}/blend_annotations/${region.name}/${id}`;
    const { annotations: own } = annotated;
    const options = chooseOptions({
      region: region.name,
      language: region.language,
      own,
      others,
      words,
      key,
    });
    const why = typeof options === 'string' ? options : undefined;
    const forms = languages.flatMap((language) => formsOf(annotated, region, language) ?? []);
    const lacksForm = forms.some((each) => each.decontextualized === undefined);
    const reason =
      why ?? (lacksForm && (pairs === 'yes' || form === 'decontextualized') ? NO_FORM : undefined);
    if (reason !== undefined) left.set(reason, (left.get(reason) ?? 0) + 1);
    else addQuestion(id, annotated, forms, options as AnswerOption[], region.name, form!, key, checks);
  }
  return [...left].map(([why, count]) => `${count} of ${questions.size} questions are left out: ${why}`);
}

const NO_FORM = 'no rule takes the country out of them';

/** A question in a language, both ways. */
interface Forms {
  language: string;
  contextualized: string;
  decontextualized: string | undefined;
}

/** Undefined in a language that is not the region's, nor English. */
function formsOf(
  { question, english }: Annotated,
  { name, language: own, english: country }: Region,
  language: string,
): Forms | undefined {
  if (language === own)
    return { language, contextualized: question, decontextualized: decontextualize(question, name) };
  if (language !== 'en') return undefined;
  // The hub's files leave the country open, and BLEnD's own evaluation puts it in.
  const contextualized = english.replace(/\byour country\b/gi, country);
  return {
    language,
    contextualized,
    decontextualized: decontextualizeEnglish(contextualized, name, country),
  };
}

function addQuestion(
  id: string,
  { row }: Annotated,
  forms: readonly Forms[],
  options: readonly AnswerOption[],
  region: string,
  form: string,
  key: string,
  checks: ItemChecks,
): void {
  const order = shuffled(options, `${key}/order`);
  for (const { language, contextualized, decontextualized } of forms) {
    checks.add({
      id: `${region}/${id}`,
      language,
      question: form === 'decontextualized' ? decontextualized : contextualized,
      options: order.map(({ local, english }) => (language === 'en' ? english : local)),
      answer: order.indexOf(options[0]!),
      cluster: id,
      metadata: {
        region,
        form,
        countries: order.map((option) => option.region).join('|'),
        numeric: isNumeric(options[0]!.local) ? 'yes' : 'no',
      },
      doc: { ID: id, ...row.fields },
      place: row.place,
    });
  }
}

function rank(region: string): number {
  return region === 'US' ? 0 : region === 'UK' ? 1 : 2;
}
