/** The paper's Tables 1 and 3, of any models. */
import { methodName } from '../method-name.ts';
import { type AccuracyRow, meanAccuracy } from './accuracies.ts';
import type { Table } from './table.ts';

const points = (value: number): string => value.toFixed(2);

/**
 * What edits change on top of a training, mean over languages: a row `+ EN@20` below its training, with the change since. The
 * table has trainings that are there with edits and without.
 */
export function steeringTable(rows: readonly AccuracyRow[]): Table {
  const benches = [...new Set(rows.map(({ bench }) => bench))];
  const mean = (bench: string, name: string) => {
    const found = rows.find((row) => row.bench === bench && row.name === name);
    return found && meanAccuracy(found.byLanguage);
  };
  const names = [...new Set(rows.map(({ name }) => name))];
  const isPlain = (name: string) => methodName(name).steering === undefined;
  const body = names.filter(isPlain).flatMap((plain) => {
    const steered = names.filter((name) => !isPlain(name) && methodName(name).training === plain);
    if (steered.length === 0) return [];
    return [
      [plain, ...benches.map((bench) => shown(mean(bench, plain)))],
      ...steered.map((name) => [
        `+ ${methodName(name).steering}`,
        ...benches.map((bench) => shown(mean(bench, name), mean(bench, plain))),
      ]),
    ];
  });
  return {
    caption: 'Accuracy under steering, points, and its change: mean over languages (Table 1 of the paper).',
    head: ['', ...benches.map((bench) => `${bench} (%)`)],
    rows: body,
  };
}

function shown(value: number | undefined, before?: number): string {
  if (value === undefined) return '-';
  if (before === undefined) return points(value);
  const change = value - before;
  const text = points(Math.abs(change));
  const arrow = Number(text) === 0 ? '=' : change > 0 ? '↑' : '↓';
  return `${points(value)} ${arrow}${text}`;
}

/** Accuracy of every model in every language (Table 3), with the columns that `readAccuracies` reads. */
export function accuracyTable(rows: readonly AccuracyRow[]): Table {
  const languages = [...new Set(rows.flatMap(({ byLanguage }) => Object.keys(byLanguage)))];
  return {
    caption: 'Accuracy, points; all: unweighted mean over languages (Table 3 of the paper).',
    head: ['bench', 'model', 'steering', 'all', ...languages],
    rows: rows.map(({ bench, name, byLanguage }) => {
      const { training, steering } = methodName(name);
      return [
        ...[bench, training, steering ?? 'none', points(meanAccuracy(byLanguage))],
        ...languages.map((language) =>
          byLanguage[language] === undefined ? '' : points(byLanguage[language]),
        ),
      ];
    }),
  };
}
