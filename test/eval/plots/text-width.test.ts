import { Resvg } from '@resvg/resvg-js';
import { describe, expect, it } from 'vitest';
import { findFonts } from '../../../src/eval/plots/fonts.ts';
import { textWidth } from '../../../src/eval/plots/text-width.ts';

describe('the width of a text', () => {
  const drawn = (text: string) => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="40"><text x="0" y="30" font-size="20" font-family="DejaVu Sans">${text}</text></svg>`;
    return new Resvg(svg, { font: { loadSystemFonts: false, fontFiles: findFonts().files } }).getBBox()!
      .width;
  };

  it.each([
    'MIDALIGN + LOC@28',
    'UNALIGNED',
    '+2.5',
    'Transfer: change on universal questions, points',
    'Ελληνικά',
  ])('is near what is drawn: %s', (text) => {
    expect(textWidth(text, 20) / drawn(text)).toBeGreaterThan(0.95);
    expect(textWidth(text, 20) / drawn(text)).toBeLessThan(1.2);
  });
});
