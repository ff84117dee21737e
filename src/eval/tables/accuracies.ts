/**
 * Accuracies of models on two benchmarks, as the paper's Table 3 lists them and files hold them:
 *
 * `bench,model,steering,all,es,id,..`: points of 100; `steering` is `none`, or what `methodName` knows; `all`, the unweighted mean
 * over languages, may be left out.
 */
import { parse } from 'csv-parse/sync';
import { closest, distance } from 'fastest-levenshtein';
import { type Problem, UserError } from '../../errors.ts';
import { methodName, shownName } from '../method-name.ts';
import { planeChange } from '../plane.ts';
import type { PlaneLine, PlaneReport, PlaneValue, PlaneValues } from '../plane-report.ts';
import { average, averagedLanguages } from '../statistics.ts';

/** A model on a benchmark. */
export interface AccuracyRow {
  bench: string;
  /** As `methodName` reads it: `CLO`, `CLO + SUR`. */
  name: string;
  /** Points of 100. */
  byLanguage: Readonly<Record<string, number>>;
}

const KEYS = ['bench', 'model', 'steering'];
/** A mean that differs by more is none of these accuracies; the paper's are off by a hundredth at most. */
const ROUNDING = 0.02;

/** The unweighted mean over languages, without English where there are others: as on the plane. */
export function meanAccuracy(byLanguage: AccuracyRow['byLanguage']): number {
  return average(averagedLanguages(Object.keys(byLanguage)).map((language) => byLanguage[language]!));
}

/**
 * The rows of a file.
 *
 * @param file as the user wrote its path
 * @throws UserError with all lines that are wrong: columns, numbers, means that are none, rows that are there twice
 */
export function readAccuracies(text: string, file: string): AccuracyRow[] {
  const records = parsed(text, file);
  const head = records[0]?.cells ?? [];
  const lacking = KEYS.filter((key) => !head.includes(key));
  if (lacking.length > 0) {
    const near = head.find((name) => distance(name.toLowerCase(), lacking[0]!) <= 2);
    const message = `is no table of accuracies: its first line must be bench,model,steering and languages; it lacks ${lacking.join(', ')}`;
    throw new UserError({ file, line: 1, message, ...(near ? { hint: lacking[0]! } : {}) });
  }
  const languages = head.filter((name) => !KEYS.includes(name) && name !== 'all');
  const problems: Problem[] = [];
  const refuse = (line: number, message: string) => void problems.push({ file, line, message });
  if (languages.length === 0) refuse(1, 'there is no column of a language');
  for (const name of languages)
    if (!/^[a-z]{2,3}(-[A-Za-z]+)?$/.test(name))
      refuse(
        1,
        `column ${JSON.stringify(name)} is no language, such as es; there are bench, model, steering and all beside them`,
      );
  if (new Set(head).size < head.length) refuse(1, 'a column is there twice');
  const rows: AccuracyRow[] = [];
  const lines = new Map<string, number>();
  for (const { cells, line } of records.slice(1)) {
    if (cells.length !== head.length) {
      refuse(line, `has ${cells.length} cells, and there are ${head.length} columns`);
      continue;
    }
    const cell = (name: string) => cells[head.indexOf(name)]!;
    const accuracies = languages.map((language): [string, number] => [language, Number(cell(language))]);
    const bad = accuracies.filter(
      ([language, value]) => cell(language) === '' || !(value >= 0 && value <= 100),
    );
    for (const [language] of bad)
      refuse(line, `${language} must be an accuracy from 0 to 100, found ${JSON.stringify(cell(language))}`);
    if (cell('bench') === '' || cell('model') === '') refuse(line, 'bench and model must be named');
    const mean = accuracies.length === 0 ? 0 : meanAccuracy(Object.fromEntries(accuracies));
    if (
      bad.length === 0 &&
      accuracies.length > 0 &&
      head.includes('all') &&
      !(Math.abs(Number(cell('all')) - mean) <= ROUNDING)
    )
      refuse(
        line,
        `all is ${JSON.stringify(cell('all'))}, and the mean over languages is ${mean.toFixed(2)}`,
      );
    const steering = cell('steering');
    const name = shownName(
      methodName(steering === 'none' || steering === '' ? cell('model') : `${cell('model')} + ${steering}`),
    );
    const key = `${cell('bench')} ${name}`;
    if (lines.has(key)) refuse(line, `${key} is in line ${lines.get(key)} already`);
    lines.set(key, line);
    rows.push({ bench: cell('bench'), name, byLanguage: Object.fromEntries(accuracies) });
  }
  if (problems.length > 0) throw new UserError(problems);
  if (rows.length === 0) throw new UserError({ file, message: 'holds no row of accuracies' });
  return rows;
}

function parsed(text: string, file: string): { cells: string[]; line: number }[] {
  try {
    const records = parse(text, {
      ...{ info: true, relaxColumnCount: true, skipEmptyLines: true, trim: true, bom: true },
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return records.map(({ record, info }) => ({ cells: record, line: info.lines }));
  } catch (error) {
    throw new UserError({ file, message: `is no CSV: ${(error as Error).message}` });
  }
}

/** Benchmarks of the axes. */
export interface AccuracyAxes {
  universal: string;
  cultural: string;
}

/** What the paper's benchmarks are called here and in its table. */
const UNIVERSAL = /^(gmmlu|global[-_ ]?mmlu|bmlama)(?![a-z])/i;
const CULTURAL = /^blend(?![a-z])/i;

/** Which benchmark is which, unless told. @throws UserError if that cannot be told, or is not there */
export function accuracyAxes(
  rows: readonly AccuracyRow[],
  chosen: Partial<AccuracyAxes>,
  file: string,
): AccuracyAxes {
  const benches = [...new Set(rows.map(({ bench }) => bench))];
  const of = (axis: keyof AccuracyAxes, like: RegExp) => {
    const named = chosen[axis];
    if (named !== undefined) {
      const found = benches.find((bench) => bench.toLowerCase() === named.toLowerCase());
      if (found) return found;
      const hint = closest(named, benches);
      throw new UserError({ file, message: `has no benchmark ${named}; it has ${benches.join(', ')}`, hint });
    }
    const found = benches.filter((bench) => like.test(bench));
    if (found.length === 1) return found[0]!;
    throw new UserError({
      file,
      message: `which benchmark is ${axis}? choose one by --${axis}: ${benches.join(', ')}`,
    });
  };
  return { universal: of('universal', UNIVERSAL), cultural: of('cultural', CULTURAL) };
}

/** A plane of accuracies alone: without intervals. @throws UserError for models on one axis only, and other languages */
export function accuracyReport(
  rows: readonly AccuracyRow[],
  axes: AccuracyAxes,
  file: string,
  baseline = 'UNALIGNED',
): PlaneReport {
  const on = (axis: keyof AccuracyAxes) =>
    new Map(rows.filter(({ bench }) => bench === axes[axis]).map((row) => [row.name, row.byLanguage]));
  const [universal, cultural] = [on('universal'), on('cultural')];
  const names = [...new Set([...universal.keys(), ...cultural.keys()])];
  const one = names.filter((name) => !universal.has(name) || !cultural.has(name));
  if (one.length > 0)
    throw new UserError({
      file,
      message: `only on one of ${axes.universal} and ${axes.cultural}: ${one.join(', ')}`,
    });
  if (!universal.has(baseline))
    throw new UserError({
      file,
      message: `has no ${baseline}, which the others are compared with; it has ${names.join(', ')}`,
    });
  const of = (name: string) => ({ universal: universal.get(name)!, cultural: cultural.get(name)! });
  const lines = names
    .filter((name) => name !== baseline)
    .map((name): PlaneLine => {
      const { transfer, localization } = planeChange(of(baseline), of(name));
      return {
        name,
        transfer: values(of(baseline).universal, of(name).universal, transfer),
        localization: values(of(baseline).cultural, of(name).cultural, localization),
      };
    });
  const averaged = averagedLanguages(Object.keys(of(baseline).universal));
  return {
    ...{ baseline: { name: baseline }, lines, band: [], averaged, warnings: [] },
    ...axes,
  };
}

/** Shares of 1. */
function values(
  before: AccuracyRow['byLanguage'],
  after: AccuracyRow['byLanguage'],
  change: { byLanguage: Readonly<Record<string, number>>; mean: number },
): PlaneValues {
  const languages = Object.keys(change.byLanguage);
  const value = (a: number, b: number, delta: number): PlaneValue => ({
    a: a / 100,
    b: b / 100,
    delta: delta / 100,
  });
  return {
    byLanguage: Object.fromEntries(
      languages.map((language) => [
        language,
        value(before[language]!, after[language]!, change.byLanguage[language]!),
      ]),
    ),
    mean: value(meanAccuracy(before), meanAccuracy(after), change.mean),
  };
}

/** Accuracies of a report's models as rows, UNALIGNED first: what the tables of the paper are made of. */
export function accuracyRows({ baseline, lines, universal, cultural }: PlaneReport): AccuracyRow[] {
  return (
    [
      ['transfer', universal],
      ['localization', cultural],
    ] as const
  ).flatMap(([axis, bench]) => {
    const of = (line: PlaneLine, side: 'a' | 'b') =>
      Object.fromEntries(
        Object.entries(line[axis].byLanguage).map(([language, value]) => [language, 100 * value[side]]),
      );
    const first = lines[0];
    return [
      ...(first ? [{ bench, name: baseline.name, byLanguage: of(first, 'a') }] : []),
      ...lines.map((line) => ({ bench, name: line.name, byLanguage: of(line, 'b') })),
    ];
  });
}
