/** A figure as a file: Vega-Lite spec, SVG, PNG. What draws is loaded when something is drawn. */
import type { TopLevelSpec } from 'vega-lite';
import { UserError } from '../../errors.ts';
import { absolutePath } from '../../paths.ts';
import { asUserError, replaceFile } from '../../runs/run-files.ts';
import { type FoundFonts, findFonts } from './fonts.ts';
import { FONT } from './style.ts';
import { textWidth } from './text-width.ts';

/** Kinds of files that a figure can be, by the ends of their names. */
export const FIGURE_FORMATS = ['.vl.json', '.svg', '.png'] as const;
export type FigureFormat = (typeof FIGURE_FORMATS)[number];

/** How pixels are made. */
export interface PngOptions {
  /** Pixels of the picture for each of the figure's; 2, the default, is sharp in print and on phones. */
  scale?: number;
  /** Takes a sentence for the user; once for each script that cannot be shown. */
  warn?: (text: string) => void;
  fonts?: FoundFonts;
}

/** The format that a file's name ends in; undefined for another. */
export function figureFormat(path: string): FigureFormat | undefined {
  return FIGURE_FORMATS.find((end) => path.toLowerCase().endsWith(end));
}

/**
 * A figure as text of an SVG. The same spec gives the same text.
 *
 * @param prefix of the ids in it: figures on one page must have different ones
 */
export async function renderSvg(spec: TopLevelSpec, prefix = ''): Promise<string> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const metrics = vega as unknown as { textMetrics: { width: typeof widthOf } };
  // Without a canvas Vega takes every letter for 0.8 of its height, and leaves room for that.
  metrics.textMetrics.width = widthOf;
  // Its warnings are of specs, which are ours; tests hold them to none.
  const logger = vega.logger(vega.Error);
  const view = new vega.View(vega.parse(compile(spec, { logger }).spec), { renderer: 'none', logger });
  try {
    // Vega numbers ids over all figures of a process.
    const numbers = new Map<string, string>();
    const renamed = (id: string) => {
      if (!numbers.has(id)) numbers.set(id, `${prefix}clip${numbers.size}`);
      return numbers.get(id)!;
    };
    return (await view.toSVG())
      .replace(/ id="((?:clip|gradient)[^"]*)"/g, (_, id: string) => ` id="${renamed(id)}"`)
      .replace(/url\(#([^)]+)\)/g, (_, id: string) => `url(#${renamed(id)})`);
  } finally {
    view.finalize();
  }
}

/** A text as Vega describes it; a list is lines, of which it asks one at a time. */
interface TextItem {
  text?: unknown;
  fontSize?: number;
  fontWeight?: string | number;
}

function widthOf(item: TextItem, text: unknown = item.text): number {
  return textWidth(String(text ?? ''), item.fontSize ?? 11, item.fontWeight === 'bold');
}

const warned = new Set<string>();

/** An SVG as a PNG, with the fonts that ship, and those of the system only for scripts whose font is not installed. */
export async function renderPng(svg: string, options: PngOptions = {}): Promise<Uint8Array> {
  const { scale = 2, warn, fonts = findFonts() } = options;
  const { Resvg } = await import('@resvg/resvg-js');
  const needed = fonts.missing.filter(({ covers }) => covers.test(svg));
  for (const { module, scripts } of needed) {
    if (warned.has(module)) continue;
    warned.add(module);
    warn?.(`${scripts} may be missing in pictures: ${module} is not installed`);
  }
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    font: { fontFiles: fonts.files, loadSystemFonts: needed.length > 0, defaultFontFamily: FONT },
  });
  return image.render().asPng();
}

/** A spec as the text of a `.vl.json`, which editors of Vega-Lite open. */
export function specText(spec: TopLevelSpec): string {
  return `${JSON.stringify(spec, null, 2)}\n`;
}

/**
 * Writes a figure in the format its name ends in, whole or not at all.
 *
 * @throws UserError for another ending, and where nothing can be written
 */
export async function writeFigure(
  spec: TopLevelSpec,
  path: string,
  { cwd = process.cwd(), ...options }: PngOptions & { cwd?: string } = {},
): Promise<void> {
  const format = figureFormat(path);
  if (format === undefined)
    throw new UserError({ file: path, message: `a figure is written as ${FIGURE_FORMATS.join(', ')}` });
  const text = format === '.vl.json' ? specText(spec) : await renderSvg(spec);
  const data = format === '.png' ? await renderPng(text, options) : text;
  await replaceFile(absolutePath(cwd, path), data).catch((error) => {
    throw asUserError(error, path, 'the figure cannot be written');
  });
}
