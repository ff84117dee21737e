/** Figures and tables on one page that opens from disk: nothing is loaded from anywhere, and nothing runs. */
import type { Table } from '../tables/table.ts';

/** A part of a page. */
export interface Section {
  heading?: string;
  /** An SVG of `renderSvg`; figures of one page have different prefixes. */
  svg?: string;
  table?: Table;
  /** Sentences below. */
  notes?: readonly string[];
}

const STYLE = `
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
svg { max-width: 100%; height: auto; }
@media (max-width: 42rem) { svg { max-width: none; } }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.6rem; text-align: right; border-bottom: 1px solid #e3e3e3; white-space: nowrap; }
th { font-weight: 600; border-bottom-color: #999; white-space: normal; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
.notes { color: #555; font-size: 0.85rem; }
`;

/** The page, whole. Names come from command lines and files: all text is escaped, and the page forbids scripts. */
export function page(title: string, sections: readonly Section[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
${sections.map(section).join('\n')}
</body>
</html>
`;
}

function section({ heading, svg, table, notes = [] }: Section): string {
  return [
    ...(heading === undefined ? [] : [`<h2>${escaped(heading)}</h2>`]),
    ...(svg === undefined ? [] : [`<div class="wide">${svg}</div>`]),
    ...(table === undefined ? [] : [tableOf(table)]),
    ...(notes.length > 0 ? [`<p class="notes">${notes.map(escaped).join('<br>')}</p>`] : []),
  ].join('\n');
}

function tableOf({ caption, head, rows }: Table): string {
  const cells = (tag: string, texts: readonly string[]) =>
    `<tr>${texts.map((text) => `<${tag}><bdi>${escaped(text)}</bdi></${tag}>`).join('')}</tr>`;
  return [
    `<p class="notes">${escaped(caption)}</p>`,
    `<div class="wide"><table><thead>${cells('th', head)}</thead>`,
    `<tbody>${rows.map((row) => cells('td', row)).join('\n')}</tbody></table></div>`,
  ].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => ENTITIES[letter]!);
}
