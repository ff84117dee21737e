/** An evaluation from its tasks to its results: what `isogloss eval` does. */
import { createHash } from 'node:crypto';
import { type BackendInfo, type BackendOptions, startBackend } from '../backend/index.ts';
import { countParameters, type EmbedScale, type Gemma3 } from '../model/index.ts';
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
import { requireLanguages, requireUnchanged, steeringEdits } from '../steering/edits.ts';
import { requireFit } from '../steering/fit.ts';
import type { SteeringStep } from '../steering/vector.ts';
import { type AskedTask, type AskSettings, askTask, type TaskRequest } from './ask.ts';
import { itemFigures } from './figures.ts';
import { groupBy } from './group.ts';
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
import { madeOfThese, otherPrompts, steeringFacts, steeringKey } from './steered.ts';
import { type Summary, summarize } from './summary.ts';

/** What is evaluated, and how. */
export interface EvaluationRequest extends AskSettings {
  model: string;
  tokenizer?: string;
  /** bf16 unless told. */
  embedScale?: EmbedScale;
  tasks: readonly TaskRequest[];
  /** Folder of the results. */
  out: string;
  tokenBudget: number;
  backend: BackendOptions;
  /** What is added to hidden states, in any order; nothing by default. */
  steering?: readonly SteeringStep[];
  /** Steer by vectors of other weights as well, if they have the same shape. */
  steerAnyWeights?: boolean;
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
  const { cwd, progress } = options;
  const warn = (text: string) => progress.message(text, 'warning');
  const source = await findModel({ path: request.model, tokenizer: request.tokenizer }, { cwd, progress });
  const ready: AskedTask[] = [];
  for (const asked of request.tasks)
    ready.push(await askTask(asked, request, source, cwd, (text, level) => progress.message(text, level)));
  const dir = absolutePath(cwd, request.out);
  const weights = await source.identity({ message: (text) => progress.message(text) });
  const { steering = [], steerAnyWeights = false, embedScale = 'bf16' } = request;
  requireFit(steering, {
    ...{ name: request.model, config: source.config },
    ...(steerAnyWeights ? {} : { weights }),
  });
  for (const { task, key, items } of ready) {
    requireLanguages(steering, key.languages);
    for (const note of madeOfThese(steering, task.name, items)) warn(note);
  }
  const backend = await startBackend(request.backend, warn);
  const key = await keyOf(request, source, backend, weights, ready);
  for (const note of otherPrompts(steering, key)) warn(note);
  const open = await openEvaluation({
    ...{ dir, shown: request.out, key, time: new Date() },
    figuresOf: (scored) => itemFigures(scored, 'sum'),
  });
  const started = performance.now();
  try {
    const { model } = await source.load({ embedScale });
    try {
      await scoreAll(model, ready, open, request, options);
      requireUnchanged(steering);
    } finally {
      model.dispose();
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
        steering: steeringFacts(steering),
      });
    });
    return { results, tasks };
  } finally {
    await open.close();
  }
}

async function keyOf(
  { chat, embedScale = 'bf16', steering = [] }: EvaluationRequest,
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
    embed_scale: embedScale,
    compute: backend.compute,
    storage: backend.storage,
    steering: steeringKey(steering),
    tasks: Object.fromEntries(ready.map(({ task, key }) => [task.name, key])),
  };
}

/** @throws Interrupted after a signal; what is scored is written */
async function scoreAll(
  model: Gemma3,
  ready: readonly AskedTask[],
  open: Awaited<ReturnType<typeof openEvaluation>>,
  { tokenBudget, out, steering = [] }: EvaluationRequest,
  { progress, stop, onScored }: EvaluationOptions,
): Promise<void> {
  const isDoneIn =
    ({ task }: AskedTask) =>
    ({ item }: PreparedItem) =>
      open.done(task.name, item.language).has(item.id);
  const total = ready.reduce((sum, { prepared }) => sum + prepared.length, 0);
  const before = ready.reduce((sum, one) => sum + one.prepared.filter(isDoneIn(one)).length, 0);
  if (before > 0) progress.message(`${before} of ${total} items are scored already`);
  const edits = steeringEdits(steering);
  let done = before;
  const stopIfAsked = () => {
    if (stop.signal === undefined) return;
    const message = `stopped by ${stop.signal} after ${done} of ${total} items; the same command goes on from there`;
    throw new Interrupted(stop.signal, 0, out, message);
  };
  stopIfAsked();
  for (const one of ready) {
    const { task, prepared } = one;
    const places = placesOf(prepared);
    const right = new Map<string, { correct: number; of: number }>();
    // A pack is of one language: tasks that have a question in all its languages in a row would fill none.
    const ordered = [...groupBy(prepared, ({ item }) => item.language).values()].flat();
    for (const scored of scoreItems(model, ordered, { tokenBudget, edits, isDone: isDoneIn(one) })) {
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
      stopIfAsked();
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

async function resultOf(
  { task, items }: AskedTask,
  dir: string,
  { metric, seed }: EvaluationRequest,
): Promise<{ result: TaskResult; summary: Summary }> {
  const scored: ScoredItem[] = [];
  const hashes = new Map<string, string>();
  for await (const found of savedScores(dir, dir, true)) {
    if (found.task !== task.name) continue;
    for (const score of found.scores) scored.push(score);
    hashes.set(found.language, taskHash(found.scores.map((score) => score.hashes)));
  }
  const summary = summarize(scored, metric, { seed });
  const name = metricName(metric);
  const languages = Object.entries(summary.accuracy.byLanguage).map(
    ([language, { n, mean, naiveStderr }]) => ({
      ...{ language, n, original: items.filter((item) => item.language === language).length },
      metrics: { [name]: { mean, ...(naiveStderr === undefined ? {} : { stderr: naiveStderr }) } },
      hash: hashes.get(language)!,
    }),
  );
  const { mean } = summary.accuracy;
  const metrics = {
    [name]: { mean: mean.mean, ...(mean.stderr === undefined ? {} : { stderr: mean.stderr }) },
  };
  return { result: { task: task.name, languages, metrics, ours: { ...summary } }, summary };
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
