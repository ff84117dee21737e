/** Figures of an evaluation as lines of text. */
import { percent } from './letter-mass.ts';
import type { Estimate } from './statistics.ts';
import type { Summary } from './summary.ts';
import { table } from './table.ts';

/** What is printed of a language, or of the mean. */
interface Row {
  label: string;
  accuracy: Estimate;
  expected: Estimate;
  choice: Estimate;
  chance: number;
  ties: number;
}

/** Columns by their heads; those of ties only where there are some. */
const COLUMNS: readonly [head: string, cell: (row: Row) => string, isOfTies?: true][] = [
  ['', ({ label }) => label],
  ['items', ({ accuracy }) => accuracy.n.toLocaleString('en-US')],
  ['questions', ({ accuracy }) => accuracy.nClusters.toLocaleString('en-US')],
  ['accuracy', ({ accuracy }) => points(accuracy.mean)],
  ['95 %', ({ accuracy: { ci95 } }) => (ci95 ? `${points(ci95[0])}..${points(ci95[1])}` : '-')],
  ['chance', ({ chance }) => points(chance)],
  ['choice', ({ choice }) => choice.mean.toFixed(3)],
  ['ties', ({ ties }) => ties.toLocaleString('en-US'), true],
  ['shared', ({ expected }) => points(expected.mean), true],
];

/**
 * A table with a line a language, the mean last: accuracy, its interval and chance in points of 100. Below it what its columns
 * mean, in lines of at most 100 columns but for a long list of languages.
 */
export function formatSummary(task: string, summary: Summary): string {
  const { accuracy, english, letterMass, metric } = summary;
  const rows = rowsOf(summary);
  const hasTies = rows.some(({ ties }) => ties > 0);
  const columns = COLUMNS.filter(([, , isOfTies]) => hasTies || !isOfTies);
  const cells = [columns.map(([head]) => head), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  const asked = letterMass ? 'answered by letter' : `answered by option text, compared by ${BY[metric]}`;
  const notes = [
    '95 %: bootstrap interval of accuracy, clustered on questions; chance: what guessing gets',
    'choice: mean log-probability of the right option among the options, nats',
  ];
  if (hasTies)
    notes.push('ties: items of which several options are best; accuracy takes the first, shared a fair part');
  if (letterMass) notes.push(`letters have ${percent(letterMass.mean)} of the probability`);
  if (english) {
    const { mean, n } = english.mean;
    notes.push(
      `answered with the US or the UK where another country is right: ${points(mean)} % of ${n} items`,
    );
  }
  if (accuracy.averaged.length > 1) notes.push(`mean: unweighted, over ${accuracy.averaged.join(' ')}`);
  return [`${task}: ${asked}`, '', ...table(cells), '', ...notes].join('\n');
}

/** Metrics as words. */
const BY: Record<Summary['metric'], string> = {
  sum: 'log-probability',
  tokens: 'log-probability a token',
  bytes: 'log-probability a byte',
  pmi: 'log-probability less that without the question',
};

function rowsOf({ accuracy, expected, choiceLogProb, chance, ties }: Summary): Row[] {
  const rows = Object.keys(accuracy.byLanguage).map(
    (language): Row => ({
      label: language,
      accuracy: accuracy.byLanguage[language]!,
      expected: expected.byLanguage[language]!,
      choice: choiceLogProb.byLanguage[language]!,
      chance: chance.byLanguage[language]!,
      ties: ties[language] ?? 0,
    }),
  );
  if (accuracy.averaged.length < 2) return rows;
  const all = accuracy.averaged.reduce((sum, language) => sum + (ties[language] ?? 0), 0);
  const mean = { accuracy: accuracy.mean, expected: expected.mean, choice: choiceLogProb.mean };
  return [...rows, { label: 'mean', ...mean, chance: chance.mean, ties: all }];
}

function points(share: number): string {
  return (100 * share).toFixed(1);
}
