/** Folders of results as models of a plane: which folders are of one model, and which of their tasks are its axes. */
import { basename } from 'node:path';
import { type Problem, UserError } from '../errors.ts';
import { absolutePath } from '../paths.ts';
import { groupBy } from './group.ts';
import type { Item, ScoredItem } from './item.ts';
import type { Metric } from './metric.ts';
import type { PlaneModel } from './plane-report.ts';
import { type EvaluationKey, readRecord, rescore, type SavedTask } from './results/index.ts';
import type { Result } from './same-items.ts';
import type { Asked } from './tables/index.ts';
import { TASKS } from './tasks/index.ts';

/** A folder as it was named: `eval/clo`, or `CLO=eval/clo`. */
export interface NamedFolder {
  name?: string;
  dir: string;
}

/** Which questions of universal knowledge count: all, or those labelled culturally agnostic or sensitive. */
export const TRANSFERS = ['all', 'ca', 'cs'] as const;
export type Transfer = (typeof TRANSFERS)[number];

/** What is asked for. */
export interface PlaneRequest {
  results: readonly NamedFolder[];
  /** UNALIGNED; without it the one of that name among the results. */
  baseline: readonly NamedFolder[];
  /** Under random directions. */
  floor: readonly NamedFolder[];
  transfer: Transfer;
  /** Tasks of the axes, where folders have several. */
  universal?: string;
  cultural?: string;
  /** Of option texts; letters are compared by sum. */
  metric: Metric;
}

/** A plane before its statistics. */
export interface PlaneInput {
  unaligned: PlaneModel;
  models: PlaneModel[];
  floor: PlaneModel[];
  /** Names of the tasks of the axes, the universal one with the labels that count. */
  universal: string;
  cultural: string;
  metrics: { universal: Metric; cultural: Metric };
  /** What UNALIGNED was asked, task by task. */
  asked: Asked[];
  warnings: string[];
}

/** `NAME=FOLDER`, or a folder. */
export function namedFolder(text: string): NamedFolder {
  const [, name, dir] = /^([^=/\\]+)=(.+)$/s.exec(text) ?? [];
  return name === undefined ? { dir: text } : { name: name.trim(), dir: dir! };
}

/** The scores of a model, of all its folders. */
interface Scored {
  name: string;
  dirs: string[];
  parts: Part[];
  identity: string;
}

/** The scores of a task. */
interface ReadTask extends Omit<SavedTask, 'scores'> {
  items: ScoredItem[];
}

/** A task as one folder has it. */
interface Part {
  dir: string;
  task: ReadTask;
  /** Where its questions come in two forms. */
  form?: string;
}

/**
 * Reads all folders. Those of one name are one model, and so are those without a name of the same weights and edits.
 *
 * @throws UserError for a folder that is none of results; a model that has a task twice, or under other weights; axes that cannot
 *   be told; no UNALIGNED; labels that are not there
 */
export async function readPlane(request: PlaneRequest, cwd: string): Promise<PlaneInput> {
  const known = new Map<string, Item>();
  const results = await modelsOf(request.results, cwd, known);
  const given = await modelsOf(request.baseline, cwd, known);
  const floor = await modelsOf(request.floor, cwd, known);
  const [unaligned, models] = withBaseline(results, given);
  if (models.length === 0 && floor.length === 0)
    throw new UserError(`there is only ${unaligned.name}: a plane is of other models against it`);
  const all = [unaligned, ...models, ...floor];
  const universal = axisOf(all, 'universal', request.universal);
  const cultural = axisOf(all, 'cultural', request.cultural);
  if (universal === cultural) throw new UserError(`${universal} cannot be both axes`);
  const form = axisForm([unaligned, ...models, ...floor], cultural);
  const asked = (task: string) => unaligned.parts.find((part) => part.task.task === task)!.task.asked;
  const metric = (task: string): Metric => (asked(task).scoring === 'letters' ? 'sum' : request.metric);
  const planeModel = (model: Scored): PlaneModel => {
    const part = (task: string, its?: string) => onePart(model, task, its);
    const named = form === DECONTEXTUALIZED ? part(cultural, CONTEXTUALIZED) : undefined;
    return {
      name: model.name,
      universal: labelled(resultOf(part(universal)!), request.transfer),
      cultural: resultOf(part(cultural, form)!),
      ...(named ? { contextualized: resultOf(named) } : {}),
    };
  };
  const label = request.transfer === 'all' ? '' : `, ${request.transfer.toUpperCase()}`;
  const formed = form === undefined ? '' : `, ${form}`;
  return {
    unaligned: planeModel(unaligned),
    models: models.map(planeModel),
    floor: floor.map(planeModel),
    universal: `${universal}${label}`,
    cultural: `${cultural}${formed}`,
    metrics: { universal: metric(universal), cultural: metric(cultural) },
    asked: unaligned.parts.map(({ task, form: its }) => ({
      ...{ task: task.task, split: task.asked.split, items: task.items.map(({ item }) => item) },
      ...(its === undefined ? {} : { form: its }),
    })),
    warnings: [
      ...unended(all),
      ...(form === CONTEXTUALIZED
        ? [
            `the questions of ${cultural} name their country: localization is what is known, not what language alone brings out`,
          ]
        : []),
    ],
  };
}

const [CONTEXTUALIZED, DECONTEXTUALIZED] = ['contextualized', 'decontextualized'];

async function modelsOf(
  folders: readonly NamedFolder[],
  cwd: string,
  known: Map<string, Item>,
): Promise<Scored[]> {
  const read: (NamedFolder & { parts: Part[]; identity: string })[] = [];
  for (const { name, dir } of folders) {
    const path = absolutePath(cwd, dir);
    const tasks = await rescore(path, (task) => slim(task, known), dir);
    const { key } = (await readRecord(path, dir))!;
    const parts = tasks.map(({ figures: task }) => ({ dir, task, ...formOf(task) }));
    read.push({ ...(name === undefined ? {} : { name }), dir, parts, identity: identityOf(key) });
  }
  const groups = groupBy(read, ({ name, identity }) => (name === undefined ? `\0${identity}` : name));
  const models = [...groups.values()].map((group): Scored => {
    const other = group.find(({ identity }) => identity !== group[0]!.identity);
    if (other)
      throw new UserError({
        file: other.dir,
        message: `is of another model, or of other edits, than ${group[0]!.dir}: both are named ${group[0]!.name}`,
      });
    return {
      name: group[0]!.name ?? basename(absolutePath(cwd, group[0]!.dir)),
      dirs: group.map(({ dir }) => dir),
      parts: group.flatMap(({ parts }) => parts),
      identity: group[0]!.identity,
    };
  });
  return distinct(models);
}

/**
 * A task without what the plane does not need, and with the questions of folders read before where they are the same: of twenty
 * models of 200,000 items each, the texts alone would take gigabytes.
 */
function slim(task: SavedTask, known: Map<string, Item>): ReadTask {
  const items = task.scores.map(({ item, scores }): ScoredItem => {
    const key = [task.task, item.metadata.form, item.language, item.id].join('\0');
    const other = known.get(key);
    if (other === undefined) known.set(key, item);
    return { item: other && isSame(other, item) ? other : item, scores, prompt: '', continuations: [] };
  });
  return { task: task.task, ended: task.ended, asked: task.asked, items };
}

function isSame(a: Item, b: Item): boolean {
  const of = ({ question, options, gold, cluster, metadata }: Item) =>
    JSON.stringify([question, options, gold, cluster, metadata]);
  return of(a) === of(b);
}

/** Folders of one last name are told apart by all of it. */
function distinct(models: Scored[]): Scored[] {
  const groups = groupBy(models, ({ name }) => name);
  return models.map((model) =>
    groups.get(model.name)!.length > 1 ? { ...model, name: model.dirs[0]! } : model,
  );
}

/** All of an evaluation but its questions. */
function identityOf({ tasks: _, ...key }: EvaluationKey): string {
  return JSON.stringify(key, Object.keys(key).sort());
}

function withBaseline(results: Scored[], given: Scored[]): [Scored, Scored[]] {
  if (given.length > 1)
    throw new UserError(
      `the baseline is one model; ${given.map(({ dirs }) => dirs.join(' ')).join(' and ')} are of several`,
    );
  const own = given[0] ?? results.find(({ name }) => name.toUpperCase() === 'UNALIGNED');
  if (!own) {
    const names = results.map(({ name }) => name).join(', ') || 'none';
    throw new UserError(
      `which model is UNALIGNED? name it: --baseline FOLDER, or UNALIGNED=FOLDER among the results; they are ${names}`,
    );
  }
  // Given twice it would lie on the origin as a point of its own.
  const models = results.filter((model) => model !== own && model.identity !== own.identity);
  // Its folders may stand on both sides, and the same one on each.
  const parts = new Map(
    [own, ...results.filter(({ identity }) => identity === own.identity)]
      .flatMap((model) => model.parts)
      .map((part) => [`${part.dir}\0${part.task.task}`, part]),
  );
  return [{ ...own, name: 'UNALIGNED', parts: [...parts.values()] }, models];
}

function formOf({ items }: ReadTask): { form?: string } {
  const form = items[0]?.item.metadata.form;
  return form === CONTEXTUALIZED || form === DECONTEXTUALIZED ? { form } : {};
}

/** The task of an axis: that of its kind which all have, or else the one of no kind. */
function axisOf(models: readonly Scored[], kind: 'universal' | 'cultural', chosen?: string): string {
  const of = (model: Scored) => [...new Set(model.parts.map(({ task }) => task.task))];
  const had = of(models[0]!).filter((task) => models.every((model) => of(model).includes(task)));
  const kindOf = (name: string) => TASKS.find((task) => task.name === name)?.kind ?? 'other';
  if (chosen !== undefined) {
    const lacking = models.filter((model) => !of(model).includes(chosen));
    if (lacking.length === 0) return chosen;
    throw new UserError(
      lacking.map(
        (model): Problem => ({ message: `${model.name} has no ${chosen}: ${of(model).join(', ')}` }),
      ),
    );
  }
  const own = had.filter((task) => kindOf(task) === kind);
  const found = own.length > 0 ? own : had.filter((task) => kindOf(task) === 'other');
  if (found.length === 1) return found[0]!;
  if (found.length > 1)
    throw new UserError(`which task is ${kind}? choose one by --${kind}: ${found.join(', ')}`);
  const lists = models.map((model): Problem => ({ message: `${model.name}: ${of(model).join(', ')}` }));
  throw new UserError([
    {
      message: `a plane needs one ${kind} task that all models were asked; if it is of no known kind, name it by --${kind}`,
    },
    ...lists,
  ]);
}

/** What all have: without the country if they can, which is what localization means. */
function axisForm(models: readonly Scored[], task: string): string | undefined {
  const have = (form: string | undefined) =>
    models.every(({ parts }) => parts.some((part) => part.task.task === task && part.form === form));
  const found = [DECONTEXTUALIZED, CONTEXTUALIZED, undefined].find(have);
  if (found !== undefined || have(undefined)) return found;
  throw new UserError([
    { message: `the questions of ${task} come in two forms, and all models must be asked in one of them` },
    ...models.map(({ name, parts }) => ({
      message: `${name}: ${parts.flatMap((part) => (part.task.task === task ? [part.form ?? 'neither'] : [])).join(', ')}`,
    })),
  ]);
}

function onePart(model: Scored, task: string, form?: string): Part | undefined {
  const found = model.parts.filter(
    (part) => part.task.task === task && (form === undefined || part.form === form),
  );
  if (found.length > 1)
    throw new UserError(
      `${model.name} was asked ${task}${form ? ` (${form})` : ''} more than once: ${found.map(({ dir }) => dir).join(', ')}; name points NAME=FOLDER, or leave some out`,
    );
  return found[0];
}

function resultOf({ dir, task }: Part): Result {
  return { name: `${dir} (${task.task})`, items: task.items };
}

function labelled({ name, items }: Result, transfer: Transfer): Result {
  if (transfer === 'all') return { name, items };
  const label = transfer.toUpperCase();
  const some = items.filter(({ item }) => item.metadata.label === label);
  if (some.length > 0) return { name, items: some };
  throw new UserError(
    `--transfer ${transfer}: ${name} has no question labelled ${label}; gmmlu and gmmlu_lite have such labels`,
  );
}

function unended(models: readonly Scored[]): string[] {
  return models.flatMap(({ parts }) =>
    parts.flatMap(({ dir, task }) =>
      task.ended ? [] : [`${dir}: the evaluation of ${task.task} has not ended; these are the items so far`],
    ),
  );
}
