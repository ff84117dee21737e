/** An evaluation from its tasks to its results: what `isogloss eval` does. */
import { createHash } from 'node:crypto';
import { type BackendInfo, type BackendOptions, startBackend } from '../backend/index.ts';
import { countParameters, type Gemma3 } from '../model/index.ts';
import { type Tokenizer, templateSource } from '../model/tokenizer/index.ts';
import { absolutePath } from '../paths.ts';
import {
  breathe,
  type FindProgress,
  findModel,
  Interrupted,
  type ModelSource,
  type StopRequest,
} from '../runs/index.ts';
import { type AskedTask, type AskSettings, askTask, type TaskRequest } from './ask.ts';
import { itemFigures } from './figures.ts';
import type { Item, ScoredItem } from './item.ts';
import {
  type EvaluationKey,
  metricName,
  openEvaluation,
  resultsText,
  SCORER_VERSION,
  savedScores,
  type TaskResult,
  taskHash,
  tokenizerIdentity,
} from './results/index.ts';
import type { PreparedItem } from './scoring/prepare.ts';
import { scoreItems } from './scoring/score.ts';
import { type Summary, summarize } from './summary.ts';

/** What is evaluated, and how. */
export interface EvaluationRequest extends AskSettings {
  model: string;
  tokenizer?: string;
  tasks: readonly TaskRequest[];
  /** Folder of the results. */
  out: string;
  tokenBudget: number;
  backend: BackendOptions;
}

/** How it is watched and stopped. */
export interface EvaluationOptions {
  cwd: string;
  progress: FindProgress;
  stop: StopRequest;
  /** Hears after each pack. */
  onScored?(at: Scored): void;
}

/** Where an evaluation stands. */
export interface Scored {
  task: string;
  done: number;
  /** Items that lay on the disk before. */
  before: number;
  total: number;
  /** By language, of what was scored of the task since. */
  accuracy: ReadonlyMap<string, number>;
}

/** What came of it. */
export interface EvaluationResult {
  /** Path of the results file. */
  results: string;
  tasks: { task: string; summary: Summary }[];
}

/**
 * Scores all items of all tasks, writing each as it is done, and their figures at the end. A folder of the same evaluation is
 * gone on with.
 *
 * @throws UserError for all that can be known to be wrong before weights are read; Interrupted after a signal
 */
export async function evaluate(
  request: EvaluationRequest,
  options: EvaluationOptions,
): Promise<EvaluationResult> {
  const { cwd, progress, stop } = options;
  const warn = (text: string) => progress.message(text, 'warning');
  const source = await findModel({ path: request.model, tokenizer: request.tokenizer }, { cwd, progress });
  const ready: AskedTask[] = [];
  for (const asked of request.tasks)
    ready.push(await askTask(asked, request, source, cwd, (text, level) => progress.message(text, level)));
  const dir = absolutePath(cwd, request.out);
  const weights = await source.identity({ message: (text) => progress.message(text) });
  const backend = await startBackend(request.backend, warn);
  const key = await keyOf(request, source, backend, weights, ready);
  const open = await openEvaluation({
    ...{ dir, shown: request.out, key, time: new Date() },
    figuresOf: (scored) => itemFigures(scored, 'sum'),
  });
  const started = performance.now();
  try {
    const { model } = await source.load({});
    try {
      await scoreAll(model, ready, open, request, options);
    } finally {
      model.dispose();
    }
    if (stop.signal !== undefined) {
      const message = `stopped by ${stop.signal}; the same command goes on with ${request.out}`;
      throw new Interrupted(stop.signal, 0, dir, message);
    }
    const tasks: { task: string; summary: Summary }[] = [];
    const results = await open.finish(async () => {
      const found: TaskResult[] = [];
      for (const one of ready) {
        const { result, summary } = await resultOf(one, dir, request);
        found.push(result);
        tasks.push({ task: one.task.name, summary });
      }
      return resultsText({
        ...{ record: open.record, device: backend.device, metric: request.metric, tasks: found },
        model: { name: request.model, parameters: countParameters(source.config) },
        maxLength: Math.max(...ready.flatMap(({ prepared }) => prepared.map(longest))),
        tokenizer: tokensOf(source.tokenizer),
        ...(request.chat ? { chatTemplate: templateSource(source.tokenizer) } : {}),
        seconds: (performance.now() - started) / 1000,
      });
    });
    return { results, tasks };
  } finally {
    await open.close();
  }
}

async function keyOf(
  { chat }: EvaluationRequest,
  { tokenizer }: ModelSource,
  backend: BackendInfo,
  weights: string,
  ready: readonly AskedTask[],
): Promise<EvaluationKey> {
  const template = chat ? createHash('sha256').update(templateSource(tokenizer)).digest('hex') : null;
  return {
    scorer_version: SCORER_VERSION,
    weights,
    tokenizer: await tokenizerIdentity(tokenizer),
    chat_template: template,
    compute: backend.compute,
    storage: backend.storage,
    steering: null,
    tasks: Object.fromEntries(ready.map(({ task, key }) => [task.name, key])),
  };
}

async function scoreAll(
  model: Gemma3,
  ready: readonly AskedTask[],
  open: Awaited<ReturnType<typeof openEvaluation>>,
  { tokenBudget }: EvaluationRequest,
  { stop, onScored }: EvaluationOptions,
): Promise<void> {
  const todo = ready.map(({ task, prepared }) => ({
    task,
    places: placesOf(prepared),
    left: prepared.filter(({ item }) => !open.done(task.name, item.language).has(item.id)),
  }));
  const total = ready.reduce((sum, { prepared }) => sum + prepared.length, 0);
  const before = total - todo.reduce((sum, { left }) => sum + left.length, 0);
  let done = before;
  for (const { task, places, left } of todo) {
    const right = new Map<string, { correct: number; of: number }>();
    for (const scored of scoreItems(model, left, { tokenBudget })) {
      await open.append(
        scored.map((one) => ({ task: task.name, docId: places.get(keyOfItem(one.item))!, scored: one })),
      );
      done += scored.length;
      for (const one of scored) {
        const { language } = one.item;
        const { correct, of } = right.get(language) ?? { correct: 0, of: 0 };
        right.set(language, { correct: correct + Number(itemFigures(one, 'sum').correct), of: of + 1 });
      }
      const accuracy = new Map([...right].map(([language, { correct, of }]) => [language, correct / of]));
      onScored?.({ task: task.name, done, before, total, accuracy });
      await breathe();
      if (stop.signal !== undefined) return;
    }
  }
}

const keyOfItem = ({ language, id }: Item): string => `${language} ${id}`;

/** Index of each item among those of its language. */
function placesOf(prepared: readonly PreparedItem[]): Map<string, number> {
  const counts = new Map<string, number>();
  return new Map(
    prepared.map(({ item }) => {
      const place = counts.get(item.language) ?? 0;
      counts.set(item.language, place + 1);
      return [keyOfItem(item), place];
    }),
  );
}

/** Mass of letters below which a model does not take the question for one of letters. */
const LITTLE_MASS = 0.1;

async function resultOf(
  { task, items }: AskedTask,
  dir: string,
  { metric, seed }: EvaluationRequest,
): Promise<{ result: TaskResult; summary: Summary }> {
  const scored: ScoredItem[] = [];
  const hashes = new Map<string, string>();
  for await (const found of savedScores(dir)) {
    if (found.task !== task.name) continue;
    for (const score of found.scores) scored.push(score);
    hashes.set(found.language, taskHash(found.scores.map((score) => score.hashes)));
  }
  const summary = summarize(scored, metric, { seed });
  const masses = scored.flatMap(({ letterMass }) => (letterMass === undefined ? [] : [letterMass]));
  const mass = masses.reduce((sum, x) => sum + x, 0) / masses.length;
  if (masses.length > 0 && mass < LITTLE_MASS)
    summary.warnings.push(
      `${task.name}: the letters have ${(100 * mass).toFixed(1)} % of the probability: the model does not answer with a letter; --scoring text asks otherwise`,
    );
  const name = metricName(metric);
  const languages = Object.entries(summary.accuracy.byLanguage).map(
    ([language, { n, mean, naiveStderr }]) => ({
      ...{ language, n, original: items.filter((item) => item.language === language).length },
      metrics: { [name]: { mean, ...(naiveStderr === undefined ? {} : { stderr: naiveStderr }) } },
      hash: hashes.get(language)!,
    }),
  );
  const { mean } = summary.accuracy;
  const ours = { ...summary, ...(masses.length > 0 ? { letter_mass: mass } : {}) };
  const metrics = {
    [name]: { mean: mean.mean, ...(mean.stderr === undefined ? {} : { stderr: mean.stderr }) },
  };
  return { result: { task: task.name, languages, metrics, ours }, summary };
}

function longest({ sequences }: PreparedItem): number {
  return Math.max(...sequences.map(({ ids }) => ids.length));
}

function tokensOf({
  padId,
  eosId,
  bosId,
  idToToken,
}: Tokenizer): Record<'pad' | 'eos' | 'bos', [string, number]> {
  const token = (id: number): [string, number] => [idToToken(id) ?? '', id];
  return { pad: token(padId), eos: token(eosId), bos: token(bosId) };
}
