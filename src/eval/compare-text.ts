/** A comparison as a table of text. */
import type { Comparison, ComparisonRow } from './compare.ts';

/**
 * Lines of a table, accuracies and differences in points of 100, with what its columns mean below and then the warnings.
 * A delta whose interval leaves out 0 bears a star.
 */
export function formatComparison(comparison: Comparison): string {
  const { a, b, metric, averaged, rows, warnings } = comparison;
  const head = [
    '',
    'items',
    'questions',
    'A',
    'B',
    'delta',
    '95 %',
    'MDE',
    'A only',
    'B only',
    'mid-p',
    'choice',
  ];
  const table = aligned([head, ...rows.map(cells)]);
  const notes = [
    'delta: B - A in points, * where its interval (bootstrap clustered on questions) leaves out 0',
    'MDE: the smallest difference found with 80 % power at 5 %; A only, B only: items that just one has right, mid-p: McNemar, which takes items as independent',
    'choice: difference of the log-probability of the right option among the options, nats',
    ...(averaged.length > 1 ? [`mean: unweighted over ${averaged.join(', ')}`] : []),
  ];
  return [
    `A  ${a}`,
    `B  ${b}`,
    `metric ${metric}`,
    '',
    ...table,
    '',
    ...notes,
    ...warnings.map((warning) => `warning: ${warning}`),
  ].join('\n');
}

function cells({ label, n, nClusters, accuracy, choiceLogProb, mcnemar }: ComparisonRow): string[] {
  const { a, b, delta, ci95, mde } = accuracy;
  return [
    label,
    n.toLocaleString('en-US'),
    nClusters.toLocaleString('en-US'),
    (100 * a).toFixed(2),
    (100 * b).toFixed(2),
    `${points(delta)}${star(ci95)}`,
    ci95 ? `${points(ci95[0])} .. ${points(ci95[1])}` : '-',
    mde === undefined ? '-' : (100 * mde).toFixed(2),
    String(mcnemar.onlyA),
    String(mcnemar.onlyB),
    pValue(mcnemar.midP),
    `${signed(choiceLogProb.delta, 4)}${star(choiceLogProb.ci95)}`,
  ];
}

/** A place for the star is kept, so that digits stand below each other. */
function star(ci95: readonly [number, number] | undefined): string {
  return ci95 && (ci95[0] > 0 || ci95[1] < 0) ? '*' : ' ';
}

function points(share: number): string {
  return signed(100 * share, 2);
}

/** `+0.25`, `-1.00`, and `0.00` without a sign. */
function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? '-' : '+'}${text}`;
}

function pValue(p: number): string {
  return p < 0.0001 ? '<0.0001' : p.toFixed(4);
}

/** Cells as lines: the first column to the left, numbers to the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
