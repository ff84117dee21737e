/**
 * What steering vectors are differences of: pairs of prompts of Dev1 that ask the same, in English and in another language (EN), or
 * with the country named and without (LOC).
 */
import { named } from '../../data/parallel/problems.ts';
import { type Problem, UserError } from '../../errors.ts';
import type { Gemma3Config } from '../../model/index.ts';
import type { Tokenizer } from '../../model/tokenizer/index.ts';
import type { Reading } from '../../steering/extract.ts';
import type { ReadPosition } from '../../steering/vector.ts';
import type { TaskRequest } from '../ask.ts';
import { groupBy } from '../group.ts';
import type { Item } from '../item.ts';
import { partOf } from '../part.ts';
import { canonicalJson, sha256 } from '../results/digest.ts';
import { type PreparedItem, type PromptSettings, prepareItems } from '../scoring/prepare.ts';
import type { PromptName } from '../scoring/prompts.ts';
import { findTask, TASKS, type Task, type TaskItems } from '../tasks/index.ts';
import { splitItems } from '../tasks/splits.ts';

/** Which pairs. */
export interface PairsRequest {
  kind: 'en' | 'loc';
  task: TaskRequest;
  /** ISO 639-1; empty: all that the task has but English. */
  languages: readonly string[];
  shots: number;
  /** As the task says, unless told. */
  scoring?: 'letters' | 'text';
  prompt?: PromptName;
  chat: boolean;
  seed: number;
  readAt: ReadPosition;
  splitBy: 'question' | 'item';
  /** Items of a language in Dev1 and Dev2 at most. */
  dev1: number;
  dev2: number;
}

/** The pairs of a language. */
export interface LanguagePairs {
  language: string;
  ids: string[];
  /** SHA-256 over ids and both prompts. */
  sha256: string;
  /** Names of the sides that it is the difference of, the first minus the second. */
  sides: readonly [plus: string, minus: string];
}

/** Pairs as texts to be read; English is one side for all languages of EN. */
export interface Pairs {
  task: Task;
  sides: ReadonlyMap<string, readonly Reading[]>;
  languages: LanguagePairs[];
  prompt: Record<string, string | number | boolean>;
  /** SHA-256 of the files that they came from. */
  sources: string[];
  /** What was left out, and how items were split. */
  notes: string[];
}

/** Who reads the prompts. */
export interface Reader {
  tokenizer: Tokenizer;
  config: Gemma3Config;
}

/**
 * Reads the pairs of Dev1.
 *
 * @throws UserError if the task does not have both sides, a question is only on one of them, or cannot be asked
 */
export async function readPairs(request: PairsRequest, reader: Reader, cwd: string): Promise<Pairs> {
  const task = findTask(request.task.name);
  return request.kind === 'en'
    ? readEnPairs(request, task, reader, cwd)
    : readLocPairs(request, task, reader, cwd);
}

async function readEnPairs(request: PairsRequest, task: Task, reader: Reader, cwd: string): Promise<Pairs> {
  const others = request.languages.filter((language) => language !== 'en');
  if (request.languages.length > 0 && others.length === 0)
    throw new UserError(
      'EN is the difference of English from another language; name others with --languages',
    );
  const read = await readTask(request, task, others.length > 0 ? ['en', ...others] : [], {}, cwd);
  const there = new Set(read.items.map(({ language }) => language));
  if (!there.has('en'))
    throw new UserError(`${task.name} has no questions in English, which EN is taken from`);
  const languages = [...there].filter((language) => language !== 'en');
  if (languages.length === 0) throw new UserError(`${task.name} has no questions in a language but English`);
  const { dev1, examples, notes } = dev1Of(task, read, request);
  const byLanguage = groupBy(dev1, ({ language }) => language);
  const english = byLanguage.get('en')!;
  const problems = languages.flatMap((language) =>
    unpaired(task, english, 'en', byLanguage.get(language)!, language),
  );
  if (problems.length > 0) throw new UserError(problems);
  const settings = settingsOf(task, request);
  const prepared = prepare(dev1, examples, settings, reader);
  const sides = new Map([...groupBy(prepared, ({ item }) => item.language)]);
  return {
    ...{ task, prompt: promptFacts(settings), notes: [...read.notes, ...notes] },
    sides: new Map([...sides].map(([name, side]) => [name, readingsOf(side, request.readAt, reader)])),
    languages: languages.map((language) => pairsOf(language, ['en', language], sides)),
    sources: read.sources.map((source) => source.sha256),
  };
}

const FORMS = ['contextualized', 'decontextualized'] as const;

async function readLocPairs(request: PairsRequest, task: Task, reader: Reader, cwd: string): Promise<Pairs> {
  requireForms(task, request.task.options);
  const isAsked = (language: string) => request.languages.length > 0 || language !== 'en';
  const [contextualized, decontextualized] = [
    await readTask(request, task, request.languages, { form: FORMS[0] }, cwd),
    await readTask(request, task, request.languages, { form: FORMS[1] }, cwd),
  ];
  // Split as evaluation does, which asks without the country: Dev1 is then Dev1 there, too.
  const { dev1, examples, notes } = dev1Of(task, decontextualized, request);
  const plain = dev1.filter(({ language }) => isAsked(language));
  const ids = new Set(plain.map(keyOf));
  const full = contextualized.items.filter((item) => ids.has(keyOf(item)));
  const [fullOf, plainOf] = [
    groupBy(full, ({ language }) => language),
    groupBy(plain, ({ language }) => language),
  ];
  const problems = [...plainOf].flatMap(([language, own]) =>
    unpaired(task, fullOf.get(language) ?? [], `${language} ${FORMS[0]}`, own, `${language} ${FORMS[1]}`),
  );
  if (plain.length === 0)
    problems.push({ message: `${task.name} has no questions that are asked both ways` });
  if (problems.length > 0) throw new UserError(problems);
  const settings = settingsOf(task, request);
  const sides = new Map<string, PreparedItem[]>();
  const languages: LanguagePairs[] = [];
  // Both sides stand behind the same examples, which do not name the country: a pair differs in its own question alone.
  for (const [list, form] of [
    [full, FORMS[0]],
    [plain, FORMS[1]],
  ] as const)
    for (const [language, own] of groupBy(
      prepare(list, examples, settings, reader),
      ({ item }) => item.language,
    ))
      sides.set(`${language} ${form}`, own);
  for (const language of plainOf.keys())
    languages.push(pairsOf(language, [`${language} ${FORMS[0]}`, `${language} ${FORMS[1]}`], sides));
  return {
    ...{ task, languages, prompt: promptFacts(settings) },
    notes: [...new Set([...contextualized.notes, ...decontextualized.notes]), ...notes],
    sides: new Map([...sides].map(([name, side]) => [name, readingsOf(side, request.readAt, reader)])),
    sources: [
      ...new Set([...contextualized.sources, ...decontextualized.sources].map((source) => source.sha256)),
    ],
  };
}

function requireForms({ name, options }: Task, given: Readonly<Record<string, string>>): void {
  const hasForms = (task: Pick<Task, 'options'>) =>
    FORMS.every((form) => task.options?.form?.values?.includes(form) === true);
  if (!hasForms({ options })) {
    const able = TASKS.filter(hasForms).map((task) => task.name);
    throw new UserError(
      `${name} does not ask its questions with the country and without, as LOC needs; ${able.join(', ')} do`,
    );
  }
  if (Object.hasOwn(given, 'form'))
    throw new UserError(`LOC is taken from both forms of ${name}: the option form is not to be set`);
}

function readTask(
  { task: { path, options }, seed }: PairsRequest,
  task: Task,
  languages: readonly string[],
  extra: Readonly<Record<string, string>>,
  cwd: string,
): Promise<TaskItems> {
  return task.read({
    ...(path === undefined ? {} : { path }),
    ...{ languages, cwd, seed, options: { ...options, ...extra } },
  });
}

/** @throws UserError if a language has too few items for any to be in Dev1 */
function dev1Of(
  { name }: Task,
  { items, examples: own }: TaskItems,
  { seed, shots, splitBy, dev1: most, dev2 }: PairsRequest,
): { dev1: Item[]; examples: Item[]; notes: string[] } {
  const sizes = { by: splitBy, dev1: most, dev2 };
  const has = new Set(splitItems(items, { seed, ...sizes }).dev1.map(({ language }) => language));
  const problems = [...groupBy(items, ({ language }) => language)]
    .filter(([language]) => !has.has(language))
    .map(([language, own]) => ({
      message: `${name} has ${own.length} questions in ${language}: too few for a Dev1, which takes at most a quarter of them`,
    }));
  if (problems.length > 0) throw new UserError(problems);
  const whole = { task: name, items, examples: own };
  const { items: dev1, examples, notes } = partOf(whole, { part: 'dev1', ...sizes }, { seed, shots });
  return { dev1, examples, notes };
}

function settingsOf(
  task: Task,
  { scoring = task.scoring, prompt, shots, chat }: PairsRequest,
): PromptSettings {
  return {
    ...{ scoring, shots, chat, unconditional: false },
    prompt: prompt ?? (scoring === 'letters' ? 'paper' : 'question'),
  };
}

function promptFacts({ prompt, scoring, shots, chat }: PromptSettings): Pairs['prompt'] {
  return { form: prompt, scoring, shots, chat };
}

function prepare(
  items: readonly Item[],
  examples: readonly Item[],
  settings: PromptSettings,
  { tokenizer, config }: Reader,
): PreparedItem[] {
  return prepareItems(items, examples, tokenizer, settings, config.maxPositionEmbeddings).items;
}

/** Ids that only one side has. */
function unpaired(
  { name }: Task,
  a: readonly Item[],
  nameA: string,
  b: readonly Item[],
  nameB: string,
): Problem[] {
  const [inA, inB] = [a, b].map((items) => new Set(items.map(({ id }) => id)));
  const lacking = (side: string, ids: Set<string>, others: Set<string>): Problem[] => {
    const missing = [...ids].filter((id) => !others.has(id));
    if (missing.length === 0) return [];
    return [
      { message: `${name}: ${missing.length} questions of Dev1 have no pair in ${side}: ${named(missing)}` },
    ];
  };
  return [...lacking(nameB, inA!, inB!), ...lacking(nameA, inB!, inA!)];
}

function keyOf({ language, id }: Item): string {
  return `${language} ${id}`;
}

function pairsOf(
  language: string,
  [plus, minus]: readonly [string, string],
  sides: ReadonlyMap<string, readonly PreparedItem[]>,
): LanguagePairs {
  const other = new Map(sides.get(plus)!.map((prepared) => [prepared.item.id, prepared]));
  const own = sides.get(minus)!;
  const texts = own.map(({ item: { id }, prompt, continuations }) => {
    const { prompt: first, continuations: after } = other.get(id)!;
    return [id, first, after, prompt, continuations];
  });
  const ids = own.map(({ item }) => item.id);
  return { language, ids, sides: [plus, minus], sha256: sha256(canonicalJson(texts)) };
}

/** The prompts up to the token that predicts the first scored one, which is where steering begins; or the right answer's last. */
function readingsOf(items: readonly PreparedItem[], readAt: ReadPosition, { tokenizer }: Reader): Reading[] {
  return items.map((prepared) => {
    const { sequences } = prepared;
    const prompt = sequences[0]!.ids.subarray(0, Math.min(...sequences.map(({ first }) => first)));
    const ids = readAt === 'answer' ? withAnswer(prepared) : prompt;
    const from = readAt === 'mean' ? (ids[0] === tokenizer.bosId && ids.length > 1 ? 1 : 0) : ids.length - 1;
    return { ids, from, to: ids.length };
  });
}

function withAnswer({ item: { gold }, sequences, letters }: PreparedItem): Int32Array {
  if (letters === undefined) return sequences[gold]!.ids;
  return Int32Array.from([...sequences[0]!.ids, letters.scored[gold]!]);
}
