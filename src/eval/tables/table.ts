/** Tables as Markdown and as CSV. */

/** Cells as they are shown; rows are as long as the head. */
export interface Table {
  /** A sentence above it. */
  caption: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

/** A table of GitHub's Markdown: its first column to the left, figures to the right. */
export function toMarkdown({ caption, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [`${caption}`, '', line(head), `| ${rule.join(' | ')} |`, ...rows.map(line), ''].join('\n');
}

/** Rows of RFC 4180 with newlines alone, as `csv-parse` reads them; the caption is left out. */
export function toCsv({ head, rows }: Table): string {
  return [head, ...rows].map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
}

/** `|` ends a cell, and a name may hold one. */
function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replace(/\s*[\r\n]+\s*/g, ' ');
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
