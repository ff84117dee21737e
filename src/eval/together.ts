/** Evaluations of one model that differ in nothing but their steering: each in its own folder, all in one go. */
import type { Gemma3 } from '../model/index.ts';
import { breathe, Interrupted, type StopRequest } from '../runs/index.ts';
import type { SteeringStep } from '../steering/vector.ts';
import type { AskedTask } from './ask.ts';
import { type Cell, scoreCells } from './cells.ts';
import { type Ending, endEvaluation, evaluationKey, itemKey, placesOf } from './ending.ts';
import { itemFigures } from './figures.ts';
import { groupBy } from './group.ts';
import { type OpenEvaluation, openEvaluation } from './results/index.ts';
import type { PreparedItem } from './scoring/prepare.ts';

/** One of the evaluations. */
export interface Way {
  /** Folder of its results, and as the user would write it. */
  dir: string;
  shown: string;
  steering: readonly SteeringStep[];
}

/** What they have in common. */
export interface TogetherRequest extends Omit<Ending, 'dir' | 'seconds' | 'steering'> {
  /** `weightsIdentity` */
  weights: string;
  tokenBudget: number;
  ready: readonly AskedTask[];
  ways: readonly Way[];
}

/** How they are watched and stopped. */
export interface TogetherOptions {
  /** Loads the model; not called where all is scored already. */
  model(): Promise<Gemma3>;
  stop: StopRequest;
  /** Hears after each pass; of items under all ways. */
  onScored?(at: { done: number; total: number }): void;
}

/**
 * Scores what is not scored yet, and writes all results. What the ways share is computed once.
 *
 * @throws UserError if a folder holds another evaluation; Interrupted after a signal, when what is scored is kept
 */
export async function evaluateTogether(request: TogetherRequest, options: TogetherOptions): Promise<void> {
  const { ways, ready, source, backend, weights } = request;
  const opened: OpenEvaluation[] = [];
  const started = performance.now();
  try {
    for (const { dir, shown, steering } of ways) {
      const key = await evaluationKey({ ...request, steering }, source, backend, weights, ready);
      const figuresOf = (scored: Parameters<typeof itemFigures>[0]) => itemFigures(scored, 'sum');
      opened.push(await openEvaluation({ dir, shown, key, time: new Date(), figuresOf }));
    }
    await scoreMissing(request, opened, options);
    const seconds = (performance.now() - started) / 1000;
    for (const [i, { dir, steering }] of ways.entries())
      await endEvaluation(opened[i]!, ready, { ...request, dir, steering, seconds });
  } finally {
    for (const one of opened) await one.close();
  }
}

async function scoreMissing(
  { ways, ready, tokenBudget }: TogetherRequest,
  opened: readonly OpenEvaluation[],
  { model, stop, onScored }: TogetherOptions,
): Promise<void> {
  const total = ways.length * ready.reduce((sum, { prepared }) => sum + prepared.length, 0);
  const lacks =
    ({ task }: AskedTask) =>
    (one: OpenEvaluation, { item }: Pick<PreparedItem, 'item'>) =>
      !one.done(task.name, item.language).has(item.id);
  const missing = ready.map((asked) =>
    asked.prepared.reduce((sum, item) => sum + opened.filter((one) => lacks(asked)(one, item)).length, 0),
  );
  let done = total - missing.reduce((sum, count) => sum + count, 0);
  const stopIfAsked = () => {
    if (stop.signal !== undefined)
      throw new Interrupted(
        stop.signal,
        0,
        ways[0]!.shown,
        `stopped by ${stop.signal} after ${done} of ${total} answers; the same command goes on from there`,
      );
  };
  stopIfAsked();
  if (done === total) return;
  const loaded = await model();
  const cells: Cell[] = ways.map(({ steering }) => steering);
  for (const [t, asked] of ready.entries()) {
    if (missing[t] === 0) continue;
    const isLacking = lacks(asked);
    const places = placesOf(asked.prepared);
    const ordered = [...groupBy(asked.prepared, ({ item }) => item.language).values()].flat();
    const isDone = (prepared: PreparedItem) => !opened.some((one) => isLacking(one, prepared));
    const between = async () => {
      await breathe();
      stopIfAsked();
    };
    for await (const found of scoreCells(loaded, ordered, cells, { tokenBudget, isDone, between })) {
      for (const [w, scored] of found.entries()) {
        const own = scored.filter((one) => isLacking(opened[w]!, one));
        await opened[w]!.append(
          own.map((one) => ({ task: asked.task.name, docId: places.get(itemKey(one.item))!, scored: one })),
        );
        done += own.length;
      }
      onScored?.({ done, total });
      await between();
    }
  }
}
