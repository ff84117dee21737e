/** An evaluation from its tasks to its results: what `isogloss eval` does. */
import { type BackendOptions, startBackend } from '../backend/index.ts';
import type { EmbedScale, Gemma3 } from '../model/index.ts';
import { absolutePath } from '../paths.ts';
import { breathe, type FindProgress, findModel, Interrupted, type StopRequest } from '../runs/index.ts';
import { requireLanguages, requireUnchanged, steeringEdits } from '../steering/edits.ts';
import { requireFit } from '../steering/fit.ts';
import type { SteeringStep } from '../steering/vector.ts';
import { type AskedTask, type AskSettings, askTask, type TaskRequest } from './ask.ts';
import { type EvaluationResult, endEvaluation, evaluationKey, itemKey, placesOf } from './ending.ts';
import { itemFigures } from './figures.ts';
import { groupBy } from './group.ts';
import { openEvaluation } from './results/index.ts';
import type { PreparedItem } from './scoring/prepare.ts';
import { scoreItems } from './scoring/score.ts';
import { madeOfThese, otherPrompts } from './steered.ts';

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
  const key = await evaluationKey(request, source, backend, weights, ready);
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
    const seconds = (performance.now() - started) / 1000;
    return await endEvaluation(open, ready, { ...request, source, backend, dir, seconds });
  } finally {
    await open.close();
  }
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
        scored.map((one) => ({ task: task.name, docId: places.get(itemKey(one.item))!, scored: one })),
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
