/**
 * An evaluation in a process of its own, for kills.test.ts to kill: node kill-driver FOLDER ITEMS BATCH. Prints a line before
 * each batch. Scores are those of fixture.ts; batches begin with the last items, as batches by length have their own order.
 */
import { openEvaluation, resultsText } from '../../../src/eval/results/index.ts';
import { figuresOf, KEY, scoredItem, TASK } from './fixture.ts';
import { resultsOf } from './results-of.ts';

const [dir, items, batch] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])];
const time = new Date('2026-03-04T05:06:07.089Z');
const evaluation = await openEvaluation({ dir, shown: dir, key: KEY, time, figuresOf });
const left = TASK.languages.flatMap((language) =>
  Array.from({ length: items }, (_, i) => ({ task: 'capitals', docId: i, scored: scoredItem(i, language) })),
);
const todo = left
  .filter(({ task, scored: { item } }) => !evaluation.done(task, item.language).has(item.id))
  .sort((a, b) => b.docId - a.docId);
for (let at = 0; at < todo.length; at += batch) {
  process.stdout.write(`${todo.length - at}\n`);
  await evaluation.append(todo.slice(at, at + batch));
}
process.stdout.write('ending\n');
await evaluation.finish(async () => resultsText(resultsOf(evaluation.record)));
await evaluation.close();
