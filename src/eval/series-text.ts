/** The figures of a series as lines of text. */
import type { SeriesStep } from './series.ts';
import { table } from './table.ts';

/** A table for each task with a line a checkpoint: accuracy of the mean, its interval, choice log-prob, and each language. */
export function formatSeries(steps: readonly SeriesStep[]): string {
  const names = steps[0]!.tasks.map(({ task }) => task);
  return names.map((task) => formatTask(task, steps)).join('\n\n');
}

function formatTask(task: string, steps: readonly SeriesStep[]): string {
  const rows = steps.map(({ step, tasks }) => ({
    step,
    summary: tasks.find((one) => one.task === task)!.summary,
  }));
  const { accuracy: first } = rows[0]!.summary;
  const languages = Object.keys(first.byLanguage);
  const head = ['step', 'items', 'accuracy', '95 %', 'choice', ...(languages.length > 1 ? languages : [])];
  const lines = rows.map(({ step, summary: { accuracy, choiceLogProb, n } }) => {
    const { mean, ci95 } = accuracy.mean;
    return [
      ...[String(step), String(n), points(mean), ci95 ? `${points(ci95[0])}..${points(ci95[1])}` : '-'],
      choiceLogProb.mean.mean.toFixed(3),
      ...(languages.length > 1
        ? languages.map((language) => points(accuracy.byLanguage[language]!.mean))
        : []),
    ];
  });
  const over =
    first.averaged.length > 1 ? `accuracy and choice: unweighted means over ${first.averaged.join(' ')}` : '';
  return [`${task} by step`, ...table([head, ...lines]), ...(over === '' ? [] : [over])].join('\n');
}

const points = (share: number): string => (100 * share).toFixed(1);
