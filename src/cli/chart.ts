/** A curve drawn with characters. */

/** One line to draw: points in any order, and the character it is drawn with. */
export interface Series {
  /** For the line below the drawing; empty: not named there. */
  label: string;
  mark: string;
  points: readonly (readonly [x: number, y: number])[];
}

/** Rows and columns of the drawing area, without axes. */
export interface ChartSize {
  width: number;
  height: number;
}

/** Lines through the drawing area, behind all series. */
export interface Rules {
  x?: number;
  y?: number;
}

/**
 * The series over common axes, as lines of text; later series are drawn over earlier ones. Points that share a column
 * are averaged; what is not finite is left out.
 */
export function chart(
  series: readonly Series[],
  { width, height }: ChartSize = { width: 72, height: 14 },
  rules: Rules = {},
): string {
  const finite = series.map(({ points, ...rest }) => ({
    ...rest,
    points: points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
  }));
  const all = finite.flatMap(({ points }) => points);
  if (all.length === 0) return '(nothing to draw)';
  const given = (value: number | undefined) => (value === undefined ? [] : [value]);
  const [left, right] = range([...all.map(([x]) => x), ...given(rules.x)]);
  const [bottom, top] = range([...all.map(([, y]) => y), ...given(rules.y)]);
  const cells = Array.from({ length: height }, () => Array<string>(width).fill(' '));
  if (rules.y !== undefined) cells[height - 1 - scale(rules.y, bottom, top, height)]!.fill('-');
  if (rules.x !== undefined) for (const row of cells) row[scale(rules.x, left, right, width)] = '|';
  for (const { mark, points } of finite) {
    const columns = new Map<number, { sum: number; n: number }>();
    for (const [x, y] of points) {
      const column = scale(x, left, right, width);
      const cell = columns.get(column) ?? { sum: 0, n: 0 };
      columns.set(column, { sum: cell.sum + y, n: cell.n + 1 });
    }
    for (const [column, { sum, n }] of columns) {
      cells[height - 1 - scale(sum / n, bottom, top, height)]![column] = mark;
    }
  }
  const label = (row: number) => (top - ((top - bottom) * row) / (height - 1)).toPrecision(4);
  const labelled = new Set([0, 1, 2, 3].map((k) => Math.round((k * (height - 1)) / 3)));
  const gutter = Math.max(...cells.map((_, row) => label(row).length));
  const lines = cells.map((row, i) => {
    const text = labelled.has(i) ? label(i) : '';
    return `${text.padStart(gutter)} |${row.join('').trimEnd()}`;
  });
  const ends = `${left}${String(right).padStart(Math.max(1, width - String(left).length))}`;
  const legend = finite.flatMap(({ mark, label }) => (label === '' ? [] : [`${mark} ${label}`])).join('   ');
  return [
    ...lines,
    `${' '.repeat(gutter)} +${'-'.repeat(width)}`,
    `${' '.repeat(gutter + 2)}${ends}`,
    ...(legend === '' ? [] : [`${' '.repeat(gutter + 2)}${legend}`]),
  ].join('\n');
}

/** Least and greatest; a single value gets room around it. Not by spreading into Math.min, which long runs overflow. */
function range(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low === high ? [low, low + 1] : [low, high];
}

const scale = (value: number, low: number, high: number, size: number): number =>
  Math.min(size - 1, Math.floor(((value - low) / (high - low)) * size));
