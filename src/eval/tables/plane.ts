/** A plane as tables: one to read, and one of all its numbers. */
import { methodName } from '../method-name.ts';
import type { PlaneLine, PlaneReport, PlaneValue } from '../plane-report.ts';
import type { Table } from './table.ts';

/** A line a model, means over languages; columns of what is not known are left out. */
export function planeTable(report: PlaneReport): Table {
  const { baseline, lines, universal, cultural, averaged } = report;
  const has = {
    interval: lines.some(({ transfer }) => transfer.mean.ci95),
    front: lines.some(({ onFront }) => onFront !== undefined),
    english: lines.some(({ english }) => english),
    named: lines.some(({ named }) => named),
  };
  const first = lines[0];
  const head = [
    '',
    universal,
    'transfer',
    ...(has.interval ? ['95 %'] : []),
    cultural,
    'localization',
    ...(has.interval ? ['95 %'] : []),
    ...(has.front ? ['on front'] : []),
    ...(has.english ? ['US/UK'] : []),
    ...(has.named ? ['country named', 'known', 'cue'] : []),
  ];
  const origin = [
    ...[baseline.name, share(first?.transfer.mean.a), '0', ...(has.interval ? ['-'] : [])],
    ...[share(first?.localization.mean.a), '0', ...(has.interval ? ['-'] : [])],
    ...(has.front ? [front(baseline.onFront)] : []),
    ...(has.english ? [share(first?.english?.mean.a)] : []),
    ...(has.named ? [share(first?.named?.mean.a), '0', '0'] : []),
  ];
  const row = (line: PlaneLine) => [
    ...[line.name, share(line.transfer.mean.b), change(line.transfer.mean)],
    ...(has.interval ? [interval(line.transfer.mean.ci95)] : []),
    ...[share(line.localization.mean.b), change(line.localization.mean)],
    ...(has.interval ? [interval(line.localization.mean.ci95)] : []),
    ...(has.front ? [front(line.onFront)] : []),
    ...(has.english ? [share(line.english?.mean.b)] : []),
    ...(has.named
      ? [
          share(line.named?.mean.b),
          line.named ? change(line.named.mean) : '-',
          line.suppressed
            ? change({ delta: line.suppressed.mean.mean, ci95: line.suppressed.mean.ci95 })
            : '-',
        ]
      : []),
  ];
  return {
    caption: `Accuracy and its change against ${baseline.name}, points, mean over ${averaged.join(' ')}.`,
    head,
    rows: [...(first ? [origin] : []), ...lines.map(row)],
  };
}

/** What the columns of `planeTable` mean, a line each. */
export function planeNotes({ lines, floor, baseline }: PlaneReport): string[] {
  const { gap } = baseline;
  return [
    ...(lines.some(({ transfer }) => transfer.mean.ci95)
      ? ['* the interval (bootstrap clustered on questions) leaves out 0']
      : []),
    ...(lines.some(({ onFront }) => onFront !== undefined)
      ? ['on front: share of resamples in which no other model is as good on both axes and better on one']
      : []),
    ...(lines.some(({ english }) => english)
      ? [
          'US/UK: answers of the US or the UK to questions of other countries in other languages that offer one, %',
        ]
      : []),
    ...(gap
      ? [
          `country named: accuracy where the question names it (${baseline.name}: ${change(gap.mean).trim()} by naming it)`,
          'known: its change, below 0 what is lost; cue: the rest of the change of localization, below 0 what is suppressed',
        ]
      : []),
    ...(floor
      ? [
          `random directions (${floor.directions}): transfer ${signed(floor.transfer[0])} to ${signed(floor.transfer[1])}, localization ${signed(floor.localization[0])} to ${signed(floor.localization[1])}`,
        ]
      : []),
  ];
}

/** All numbers, points of 100: a line a model and language, and one of its mean; what is not known is empty. */
export function planeNumbers({ baseline, lines }: PlaneReport): Table {
  const value = (name: string, of: PlaneValue | undefined) => ({
    [`${name}_before`]: of?.a,
    [`${name}_after`]: of?.b,
    [name]: of?.delta,
    [`${name}_low`]: of?.ci95?.[0],
    [`${name}_high`]: of?.ci95?.[1],
  });
  const rows = lines.flatMap((line) => {
    const { training, steering } = methodName(line.name);
    const cells = (language: string, of: (values: PlaneLine['transfer']) => PlaneValue | undefined) => ({
      ...{ name: line.name, training, steering: steering ?? 'none', language },
      ...numbers({
        ...value('transfer', of(line.transfer)),
        ...value('localization', of(line.localization)),
        ...value('english', line.english && of(line.english)),
        ...value('named', line.named && of(line.named)),
        suppressed:
          language === 'mean' ? line.suppressed?.mean.mean : line.suppressed?.byLanguage[language]?.mean,
        on_front: language === 'mean' ? line.onFront : undefined,
      }),
    });
    return [
      cells('mean', ({ mean }) => mean),
      ...Object.keys(line.transfer.byLanguage).map((language) =>
        cells(language, ({ byLanguage }) => byLanguage[language]),
      ),
    ];
  });
  const head = Object.keys(rows[0] ?? { name: '', language: '' });
  return {
    caption: `Changes against ${baseline.name}, points of 100.`,
    head,
    rows: rows.map((row) => Object.values(row)),
  };
}

/** Points with four places: a question of 14,042 is 0.007. */
function numbers(shares: Record<string, number | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(shares).map(([key, value]) => [
      key,
      value === undefined ? '' : String(Number((100 * value).toFixed(4))),
    ]),
  );
}

/** A place for the star is kept, so that digits stand below each other. */
function change({ delta, ci95 }: { delta: number; ci95?: readonly [number, number] | undefined }): string {
  const star = ci95 === undefined ? '' : ci95[0] > 0 || ci95[1] < 0 ? '*' : ' ';
  return `${signed(delta)}${star}`;
}

function interval(ci95: readonly [number, number] | undefined): string {
  return ci95 ? `${signed(ci95[0])} .. ${signed(ci95[1])}` : '-';
}

function share(value: number | undefined): string {
  return value === undefined ? '-' : (100 * value).toFixed(2);
}

function front(value: number | undefined): string {
  return value === undefined ? '-' : `${Math.round(100 * value)} %`;
}

/** `+0.25`, `-1.00`, and `0.00` without a sign, in points. */
function signed(value: number): string {
  const text = Math.abs(100 * value).toFixed(2);
  if (Number(text) === 0) return text;
  return `${value < 0 ? '-' : '+'}${text}`;
}
