/** What `isogloss plane` does: results read, the plane printed, and written where a file is named. */
import { type Problem, UserError } from '../errors.ts';
import { metricNamed } from '../eval/metric.ts';
import { changesFigure, planeFigure } from '../eval/plane-figures.ts';
import {
  namedFolder,
  type PlaneInput,
  type PlaneRequest,
  readPlane,
  type Transfer,
} from '../eval/plane-input.ts';
import { type PlaneReport, reportPlane } from '../eval/plane-report.ts';
import {
  FIGURE_FORMATS,
  figureFormat,
  page,
  renderSvg,
  type Section,
  writeFigure,
} from '../eval/plots/index.ts';
import { table } from '../eval/table.ts';
import {
  accuracyAxes,
  accuracyReport,
  accuracyRows,
  accuracyTable,
  planeNotes,
  planeNumbers,
  planeTable,
  questionsTable,
  readAccuracies,
  steeringTable,
  type Table,
  toCsv,
  toMarkdown,
} from '../eval/tables/index.ts';
import { absolutePath } from '../paths.ts';
import { asUserError, replaceFile, requireWritable } from '../runs/run-files.ts';
import { readTextFile } from '../text.ts';
import { chart, type Series } from './chart.ts';

/** The command line, as typed. */
export interface PlaneArgs {
  results: string[];
  baseline: string[];
  floor: string[];
  transfer: Transfer;
  universal?: string;
  cultural?: string;
  metric: string;
  seed: number;
  table?: TableName;
  figure: 'plane' | 'transfer' | 'localization';
  title?: string;
  out?: string;
}

type TableName = 'plane' | 'numbers' | '1' | '2' | '3';

const ENDS = [...FIGURE_FORMATS, '.html', '.csv', '.md'];

/** Prints the plane, and writes it. @throws UserError before anything is written */
export async function showPlane(args: PlaneArgs): Promise<void> {
  const cwd = process.cwd();
  const end = args.out === undefined ? undefined : endOf(args.out);
  await checkArgs(args, end, cwd);
  const isTable = args.results.some((name) => /\.csv$/i.test(name));
  const input = isTable ? undefined : await readPlane(requestOf(args), cwd);
  const report = input ? reportOf(input, args) : accuracyPlane(args, cwd);
  const warnings = [...(input?.warnings ?? []), ...report.warnings];
  if (args.out !== undefined) await write(args.out, end!, report, input, args, warnings, cwd);
  process.stdout.write(`${planeText(report)}\n`);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  if (args.out !== undefined) process.stdout.write(`\nwritten: ${args.out}\n`);
}

function endOf(path: string): string | undefined {
  return figureFormat(path) ?? ENDS.find((end) => path.toLowerCase().endsWith(end));
}

async function checkArgs(args: PlaneArgs, end: string | undefined, cwd: string): Promise<void> {
  const problems: Problem[] = [];
  const { out, table, seed, results } = args;
  if (!(Number.isSafeInteger(seed) && seed >= 0))
    problems.push({ message: `--seed must be a whole number of at least 0, found ${seed}` });
  if (out !== undefined && end === undefined)
    problems.push({ message: `--out ${out} must end in ${ENDS.join(', ')}` });
  if (table !== undefined && end !== '.csv' && end !== '.md')
    problems.push({ message: `--table ${table} is written into a file: --out FILE.csv or FILE.md` });
  if (args.figure !== 'plane' && (out === undefined || !figureFormat(out)))
    problems.push({
      message: `--figure ${args.figure} is written into a file: --out FILE${FIGURE_FORMATS.join(', FILE')}`,
    });
  const tables = results.filter((name) => /\.csv$/i.test(name));
  if (tables.length > 0) {
    if (results.length > 1)
      problems.push({
        message: `${tables[0]} is a table of accuracies, which stands alone: there are ${results.length} results`,
      });
    const given = [...args.baseline, ...args.floor];
    if (given.length > 0)
      problems.push({ message: `a table of accuracies has its own baseline: ${given[0]} is left over` });
    if (args.transfer !== 'all')
      problems.push({
        message: `--transfer ${args.transfer} needs questions, and a table of accuracies has none`,
      });
    if (table === '2')
      problems.push({ message: '--table 2 counts questions, and a table of accuracies has none' });
  }
  metricNamed(args.metric);
  if (problems.length > 0) throw new UserError(problems);
  if (out !== undefined) await requireWritable(absolutePath(cwd, `${out}/..`), out);
}

function requestOf(args: PlaneArgs): PlaneRequest {
  return {
    results: args.results.map(namedFolder),
    baseline: args.baseline.map(namedFolder),
    floor: args.floor.map(namedFolder),
    transfer: args.transfer,
    ...(args.universal === undefined ? {} : { universal: args.universal }),
    ...(args.cultural === undefined ? {} : { cultural: args.cultural }),
    metric: metricNamed(args.metric),
  };
}

function reportOf(input: PlaneInput, { seed }: PlaneArgs): PlaneReport {
  const { unaligned, models, floor, universal, cultural, metrics } = input;
  return reportPlane(unaligned, models, { seed, metrics, floor, universal, cultural });
}

function accuracyPlane({ results, universal, cultural }: PlaneArgs, cwd: string): PlaneReport {
  const [file] = results as [string];
  const rows = readAccuracies(readTextFile(absolutePath(cwd, file), file, MAX_TABLE_BYTES), file);
  const chosen = {
    ...(universal === undefined ? {} : { universal }),
    ...(cultural === undefined ? {} : { cultural }),
  };
  return accuracyReport(rows, accuracyAxes(rows, chosen, file), file);
}

/** A table of more is none of accuracies. */
const MAX_TABLE_BYTES = 4 << 20;

/** The plane as text: its table, what the columns mean, and the points. */
export function planeText(report: PlaneReport): string {
  const { caption, head, rows } = planeTable(report);
  const notes = planeNotes(report);
  // The first row is UNALIGNED. Names beside the points would not fit.
  const marked = rows.map(([name, ...cells], i) => [`${i === 0 ? ORIGIN : markOf(i - 1)} ${name}`, ...cells]);
  return [
    `transfer: ${report.universal}; localization: ${report.cultural}`,
    caption,
    '',
    ...table([head, ...marked]),
    '',
    ...notes,
    ...(notes.length > 0 ? [''] : []),
    'transfer',
    scatter(report),
    'localization ->',
  ].join('\n');
}

const ORIGIN = 'o';
const MARKS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnpqrstuvwxyz';

/** More models than letters are drawn alike. */
function markOf(i: number): string {
  return MARKS[i] ?? '*';
}

function scatter({ lines }: PlaneReport): string {
  // Ends of the axes are printed as they are.
  const points = (share: number) => Number((100 * share).toFixed(2));
  const models = lines.map(
    ({ transfer, localization }, i): Series => ({
      label: '',
      mark: markOf(i),
      points: [[points(localization.mean.delta), points(transfer.mean.delta)]],
    }),
  );
  const origin: Series = { label: '', mark: ORIGIN, points: [[0, 0]] };
  return chart([origin, ...models], { width: 64, height: 16 }, { x: 0, y: 0 });
}

async function write(
  out: string,
  end: string,
  report: PlaneReport,
  input: PlaneInput | undefined,
  args: PlaneArgs,
  warnings: readonly string[],
  cwd: string,
): Promise<void> {
  const title = args.title === undefined ? {} : { title: args.title };
  if (figureFormat(out)) {
    const warn = (text: string) => void process.stderr.write(`warning: ${text}\n`);
    const spec =
      args.figure === 'plane' ? planeFigure(report, title) : changesFigure(report, args.figure, title);
    return writeFigure(spec, out, { cwd, warn });
  }
  const rows = accuracyRows(report);
  const tables: Record<TableName, () => Table> = {
    plane: () => planeTable(report),
    numbers: () => planeNumbers(report),
    1: () => steeringTable(rows),
    2: () => questionsTable(input?.asked ?? []),
    3: () => accuracyTable(rows),
  };
  const text = async () => {
    if (end === '.csv') return toCsv(tables[args.table ?? 'numbers']());
    if (end === '.md')
      return args.table
        ? toMarkdown(tables[args.table]())
        : markdown(report, tables, input !== undefined, warnings);
    return html(report, tables, args.title, warnings);
  };
  await replaceFile(absolutePath(cwd, out), await text()).catch((error) => {
    throw asUserError(error, out, 'cannot be written');
  });
}

function markdown(
  report: PlaneReport,
  tables: Record<TableName, () => Table>,
  hasQuestions: boolean,
  warnings: readonly string[],
): string {
  const steering = tables[1]();
  return [
    '# Transfer and localization\n',
    toMarkdown(tables.plane()),
    ...planeNotes(report).map((note) => `- ${note.replace(/^\*/, '\\*')}`),
    ...warnings.map((warning) => `- warning: ${warning}`),
    '',
    ...(steering.rows.length > 0 ? [toMarkdown(steering)] : []),
    ...(hasQuestions ? [toMarkdown(tables[2]())] : []),
    toMarkdown(tables[3]()),
  ].join('\n');
}

async function html(
  report: PlaneReport,
  tables: Record<TableName, () => Table>,
  title = 'Transfer and localization',
  warnings: readonly string[],
): Promise<string> {
  const steering = tables[1]();
  const sections: Section[] = [
    { svg: await renderSvg(planeFigure(report, { title }), 'plane-') },
    {
      table: tables.plane(),
      notes: [...planeNotes(report), ...warnings.map((warning) => `warning: ${warning}`)],
    },
    { heading: 'By language', svg: await renderSvg(changesFigure(report, 'transfer'), 'transfer-') },
    { svg: await renderSvg(changesFigure(report, 'localization'), 'localization-') },
    ...(steering.rows.length > 0 ? [{ heading: 'Steering', table: steering }] : []),
    { heading: 'Accuracies', table: tables[3]() },
  ];
  return page(title, sections);
}
