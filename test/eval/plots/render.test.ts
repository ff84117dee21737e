import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import * as vega from 'vega';
import { compile } from 'vega-lite';
import { afterAll, describe, expect, it } from 'vitest';
import { findFonts, SHIPPED_FONTS } from '../../../src/eval/plots/fonts.ts';
import { renderPng, renderSvg, writeFigure } from '../../../src/eval/plots/render.ts';
import { packageRoot } from '../../../src/paths.ts';
import { FIGURES } from './made.ts';

const cwd = mkdtempSync(join(tmpdir(), 'isogloss-plots-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Width and height that the header of a PNG tells. */
const sizeOf = (png: Uint8Array) => {
  const view = new DataView(png.buffer, png.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
};

describe.each(Object.entries(FIGURES))('the figure %s', (_, spec) => {
  it('is a spec that Vega-Lite takes without a warning, and that is drawn', async () => {
    const said: unknown[] = [];
    const logger = vega.logger(vega.Warn);
    logger.warn = (...words: readonly unknown[]) => {
      said.push(words);
      return logger;
    };
    compile(JSON.parse(JSON.stringify(spec)), { logger });
    expect(said).toEqual([]);
    const svg = await renderSvg(spec);
    expect(svg).toMatch(/^<svg /);
    expect(/NaN|undefined|Infinity/.exec(svg)).toBeNull();
    expect(svg).toContain('DejaVu Sans');
  });
});

describe('a figure as a file', () => {
  it('is written as spec, SVG and PNG, by the end of its name', async () => {
    for (const name of ['p.vl.json', 'p.svg', 'p.PNG']) await writeFigure(FIGURES.plane, name, { cwd });
    expect(JSON.parse(readFileSync(join(cwd, 'p.vl.json'), 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(FIGURES.plane)),
    );
    expect(readFileSync(join(cwd, 'p.svg'), 'utf8') === (await renderSvg(FIGURES.plane))).toBe(true);
    expect([...readFileSync(join(cwd, 'p.PNG')).subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  });

  it('has ids that are the same each time, and its own on a page with others', async () => {
    const [first, again, other] = [
      await renderSvg(FIGURES.plane),
      await renderSvg(FIGURES.plane),
      await renderSvg(FIGURES.plane, 'b-'),
    ];
    expect(again === first).toBe(true);
    const ids = (svg: string) => [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids(first).length).toBeGreaterThan(0);
    expect(ids(other)).toEqual(ids(first).map((id) => `b-${id}`));
    for (const [, id] of other.matchAll(/url\(#([^)]+)\)/g)) expect(ids(other)).toContain(id);
  });

  it('of another kind is refused, and nothing written', async () => {
    const before = readdirSync(cwd);
    await expect(writeFigure(FIGURES.plane, 'p.jpg', { cwd })).rejects.toThrow(
      'p.jpg: a figure is written as .vl.json, .svg, .png',
    );
    await expect(writeFigure(FIGURES.plane, 'none/p.svg', { cwd })).rejects.toThrow(
      'none/p.svg: the figure cannot be written',
    );
    expect(readdirSync(cwd)).toEqual(before);
  });

  it('has the pixels of its scale', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><path d="M0,0h5v5z"/></svg>';
    expect(sizeOf(await renderPng(svg))).toEqual([60, 40]);
    expect(sizeOf(await renderPng(svg, { scale: 1 }))).toEqual([30, 20]);
  });
});

describe('letters', () => {
  const text = (letters: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="30"><text x="5" y="20" font-family="DejaVu Sans">${letters}</text></svg>`;
  /** Width of what is drawn with the shipped fonts alone; undefined of nothing. */
  const drawn = (letters: string) =>
    new Resvg(text(letters), { font: { loadSystemFonts: false, fontFiles: findFonts().files } }).getBBox()
      ?.width;

  it('of Latin, Greek and Arabic are in a font that ships', () => {
    for (const letters of ['transfer', 'Ελληνικά', 'الجزائر'])
      expect(drawn(letters), letters).toBeGreaterThan(20);
    expect(findFonts().files[0]).toMatch(/DejaVuSans\.ttf$/);
  });

  it('whose font is not installed are told of once, and only where they are needed', async () => {
    const said: string[] = [];
    const [, , han, hangul] = SHIPPED_FONTS;
    const fonts = { files: findFonts().files, missing: [han!, hangul!] };
    const warn = (sentence: string) => said.push(sentence);
    await renderPng(text('transfer'), { fonts, warn });
    expect(said).toEqual([]);
    await renderPng(text('한국어'), { fonts, warn });
    await renderPng(text('한국어'), { fonts, warn });
    expect(said).toEqual([`Korean letters may be missing in pictures: ${hangul!.module} is not installed`]);
  });

  it('are looked for as modules are, and missed elsewhere', () => {
    const { files, missing } = findFonts(join(tmpdir(), 'package.json'));
    expect(files).toEqual([]);
    expect(missing).toEqual(SHIPPED_FONTS);
    const { dependencies } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
    for (const { module } of SHIPPED_FONTS)
      expect(
        Object.keys(dependencies).some((name) => module.startsWith(`${name}/`)),
        module,
      ).toBe(true);
  });
});
