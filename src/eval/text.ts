/** Figures of an evaluation as lines of text. */
import type { Estimate } from './statistics.ts';
import type { Summary } from './summary.ts';
import { table } from './table.ts';

/** A table with a line a language, the mean last: accuracy and its interval in points of 100. */
export function formatSummary(task: string, summary: Summary): string {
  const { accuracy, expected, choiceLogProb, chance, metric } = summary;
  const rows = Object.keys(accuracy.byLanguage).map((language) =>
    row(
      language,
      accuracy.byLanguage[language]!,
      expected.byLanguage[language]!,
      choiceLogProb.byLanguage[language]!,
      chance.byLanguage[language]!,
    ),
  );
  if (rows.length > 1) rows.push(row('mean', accuracy.mean, expected.mean, choiceLogProb.mean, chance.mean));
  const head = ['', 'items', 'questions', 'accuracy', '95 %', 'ties shared', 'choice', 'chance'];
  const lines = table([head, ...rows]);
  const over = accuracy.averaged.length > 1 ? `; mean: unweighted over ${accuracy.averaged.join(' ')}` : '';
  return [
    `${task}, options compared by ${metric}`,
    ...lines,
    `choice: log-probability of the right option among the options, nats; 95 %: bootstrap clustered on questions${over}`,
  ].join('\n');
}

function row(label: string, of: Estimate, shared: Estimate, choice: Estimate, chance: number): string[] {
  const points = (share: number) => (100 * share).toFixed(1);
  const interval = of.ci95 ? `${points(of.ci95[0])}..${points(of.ci95[1])}` : '-';
  const counts = [String(of.n), String(of.nClusters)];
  return [
    label,
    ...counts,
    points(of.mean),
    interval,
    points(shared.mean),
    choice.mean.toFixed(3),
    points(chance),
  ];
}
