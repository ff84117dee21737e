/** What `isogloss compare` does: two folders of results side by side, task by task. */
import { realpath } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { compareResults } from '../eval/compare.ts';
import { formatComparison } from '../eval/compare-text.ts';
import { type Metric, metricNamed } from '../eval/metric.ts';
import { difference, readRecord, requireAsked, rescore, type SavedTask } from '../eval/results/index.ts';
import { requireSeed } from './seed.ts';

/** The command line, as typed. */
export interface CompareArgs {
  a: string;
  b: string;
  metric: string;
  seed: number;
}

/**
 * Prints a table for each task that both have, what else than the model differs between them, and what only one has.
 * @throws UserError as `rescore` and `compareResults`; for one folder given twice, or no task in common
 */
export async function compareFolders({ a, b, metric, seed }: CompareArgs): Promise<void> {
  const by = metricNamed(metric);
  requireSeed(seed);
  const [inA, inB] = [await byTask(a, by), await byTask(b, by)];
  if ((await realpath(a)) === (await realpath(b)))
    throw new UserError(`${a} and ${b} are the same folder: there is nothing to compare`);
  const shared = [...inA.keys()].filter((task) => inB.has(task));
  if (shared.length === 0)
    throw new UserError(
      `${a} (${[...inA.keys()].join(', ')}) and ${b} (${[...inB.keys()].join(', ')}) have no task in common`,
    );
  const compared = shared.map((task) => {
    const [ours, theirs] = [inA.get(task)!, inB.get(task)!];
    requireEnded(task, { [a]: ours, [b]: theirs });
    const result = compareResults(
      { name: a, items: ours.scores },
      { name: b, items: theirs.scores },
      { metric: by, seed },
    );
    return `${task}\n${formatComparison(result)}\n\n`;
  });
  for (const text of compared) process.stdout.write(text);
  const [keyA, keyB] = [(await readRecord(a))!.key, (await readRecord(b))!.key];
  const others = difference(keyB, keyA).filter((part) => !part.startsWith('tasks: '));
  process.stdout.write(
    `B differs from A in ${others.length > 0 ? others.join('; ') : 'nothing that is known'}\n`,
  );
  for (const [name, own, other] of [
    [a, inA, inB],
    [b, inB, inA],
  ] as const) {
    const left = [...own.keys()].filter((task) => !other.has(task));
    if (left.length > 0) process.stderr.write(`warning: ${left.join(', ')}: only in ${name}, and left out\n`);
  }
}

/** @throws UserError naming results of which not all items are there: the others' would seem to be missing from them */
function requireEnded(task: string, results: Record<string, SavedTask>): void {
  const open = Object.keys(results).filter((name) => !results[name]!.ended);
  if (open.length > 0)
    throw new UserError(
      open.map((name) => ({
        file: name,
        message: `the evaluation of ${task} has not ended; go on with it, then compare`,
      })),
    );
}

async function byTask(dir: string, metric: Metric): Promise<Map<string, SavedTask>> {
  const found = await rescore(dir, (task) => {
    requireAsked(dir, task.task, task.asked, metric);
    return task;
  });
  return new Map(found.map(({ task, figures }) => [task, figures]));
}
