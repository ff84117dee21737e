import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, TINY_TOKENIZER, type Tokenizer } from '../../../src/model/tokenizer/index.ts';
import { StopTexts, TextStream } from '../../../src/model/tokenizer/stream.ts';

describe('TextStream', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(fileURLToPath(TINY_TOKENIZER));
  });

  const pieces = (ids: readonly number[]) => {
    const stream = new TextStream(tokenizer);
    return [...ids.map((id) => stream.push(id)), stream.end()];
  };

  it('gives any text in whole characters', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 }).map((t) => t.replaceAll('▁', ' '));
    const property = fc.property(text, (t) => {
      const parts = pieces(tokenizer.encodePlain(t));
      expect(parts.join('')).toBe(t);
      for (const part of parts) expect(Buffer.from(part).toString()).toBe(part);
      if (!t.includes('\uFFFD')) expect(parts.join('')).not.toContain('\uFFFD');
    });
    fc.assert(property, { seed: 5, numRuns: 500 });
  });

  it('holds a character back until its last byte is there', () => {
    const ids = tokenizer.encodePlain('😀');
    expect(ids).toHaveLength(4);
    expect(pieces(ids)).toEqual(['', '', '', '😀', '']);
  });

  it('marks a character that is never finished', () => {
    const [first, second] = tokenizer.encodePlain('😀') as [number, number];
    const [a] = tokenizer.encodePlain('a') as [number];
    expect(pieces([first, second])).toEqual(['', '', '\uFFFD']);
    expect(pieces([first, a]).join('')).toBe('\uFFFDa');
  });

  it('has no text for special tokens', () => {
    expect(pieces([tokenizer.bosId, tokenizer.tokenToId('<end_of_turn>')!]).join('')).toBe('');
  });
});

describe('StopTexts', () => {
  const through = (stops: string[], parts: readonly string[]) => {
    const filter = new StopTexts(stops);
    const out = parts.map((part) => filter.push(part));
    return { out, text: out.join('') + filter.end(), ended: filter.ended };
  };

  it('ends before the first stop text, however it is cut into pieces', () => {
    expect(through(['\n\n'], ['one', '\n', '\ntwo'])).toEqual({
      out: ['one', '', ''],
      text: 'one',
      ended: true,
    });
    expect(through(['END', 'x'], ['axEND'])).toMatchObject({ text: 'a', ended: true });
    expect(through(['abc', 'b'], ['abc'])).toMatchObject({ text: 'a', ended: true });
  });

  it('holds back no more than what may begin one, and gives it in the end', () => {
    expect(through(['abc'], ['xab', 'd', 'ab'])).toEqual({
      out: ['x', 'abd', ''],
      text: 'xabdab',
      ended: false,
    });
  });

  it('is what searching the whole text gives', () => {
    const small = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    const stops = fc.array(
      small.filter((s) => s !== ''),
      { maxLength: 3 },
    );
    const property = fc.property(fc.array(small, { maxLength: 6 }), stops, (parts, list) => {
      const whole = parts.join('');
      // The longest of the stop texts that end at the first place where any does.
      const end = [...whole].findIndex((_, i) => list.some((stop) => whole.slice(0, i + 1).endsWith(stop)));
      const upTo = whole.slice(0, end + 1);
      const length = Math.max(...list.filter((stop) => upTo.endsWith(stop)).map((stop) => stop.length));
      expect(through(list, parts).text).toBe(end < 0 ? whole : upTo.slice(0, -length));
    });
    fc.assert(property, { seed: 6, numRuns: 1000 });
  });
});
