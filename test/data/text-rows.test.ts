import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EncodeOptions, encodeRows } from '../../src/data/encode.ts';
import type { Row } from '../../src/data/row.ts';
import { loadTokenizer, type Tokenizer } from '../../src/model/tokenizer/index.ts';

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(join(import.meta.dirname, '../../data/tiny'));
});

const place = { file: 'f', line: 1 };
const text = (text: string): Row => ({ kind: 'text', text, place });
const encode = (rows: Row[], textSpecialTokens?: EncodeOptions['textSpecialTokens']) =>
  encodeRows(rows, tokenizer, { maxSeqLen: 640, template: 'chat', textSpecialTokens });
/** Pieces of the vocabulary, so that a token differs from the letters that spell it. */
const pieces = (row: Row, special?: EncodeOptions['textSpecialTokens']) =>
  [...encode([row], special).examples[0]!.ids].map((id) => tokenizer.idToToken(id));

const CHAT = '<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nYo<end_of_turn>\n';

describe('a text that spells special tokens', () => {
  it('has them as tokens, one <bos>, and no end behind that of its last turn', () => {
    const ids = pieces(text(CHAT));
    expect(ids.filter((piece) => piece === '<bos>')).toHaveLength(1);
    expect(ids[0]).toBe('<bos>');
    expect(ids.filter((piece) => piece === '<start_of_turn>')).toHaveLength(2);
    expect(ids.slice(-2)).toEqual(['<end_of_turn>', '\n']);
    expect(ids).not.toContain('<eos>');
  });

  it('gives the ids of the same chat as messages', () => {
    const messages = [
      { role: 'user' as const, content: 'Hi' },
      { role: 'assistant' as const, content: 'Yo' },
    ];
    const chat = encode([{ kind: 'messages', messages, place }]).examples[0]!;
    expect([...encode([text(CHAT)]).examples[0]!.ids]).toEqual([...chat.ids]);
  });

  it('is trained on as a whole but for <bos>', () => {
    const { ids, target } = encode([text(CHAT)]).examples[0]!;
    expect([...target]).toEqual([0, ...Array<number>(ids.length - 1).fill(1)]);
  });

  it('gets a <bos> where it spells none', () => {
    expect(pieces(text(CHAT.slice('<bos>'.length)))).toEqual(pieces(text(CHAT)));
  });

  it('ends once: with <eos>, spelled or not', () => {
    expect(pieces(text('a<eos>'))).toEqual(['<bos>', 'a', '<eos>']);
    expect(pieces(text('a'))).toEqual(['<bos>', 'a', '<eos>']);
    expect(pieces(text('<eos>a'))).toEqual(['<bos>', '<eos>', 'a', '<eos>']);
  });

  it('is letters with text_special_tokens: text, behind one <bos> and before <eos>', () => {
    const ids = pieces(text(CHAT), 'text');
    expect(ids.filter((piece) => piece === '<bos>')).toHaveLength(1);
    expect(ids[0]).toBe('<bos>');
    expect(ids.at(-1)).toBe('<eos>');
    expect(ids).not.toContain('<start_of_turn>');
    expect(ids).not.toContain('<end_of_turn>');
    const example = encode([text(CHAT)], 'text').examples[0]!;
    expect(tokenizer.decode([...example.ids.slice(1, -1)], { skipSpecials: true })).toBe(CHAT);
  });
});

describe('rows that spell special tokens', () => {
  it('are counted, texts and messages apart, however they are encoded', () => {
    const rows: Row[] = [
      text(CHAT),
      text('a <eos> b <eos>'),
      text('plain'),
      text('<end_of_turn'),
      { kind: 'pair', prompt: 'what is <bos>?', completion: 'a token', place },
      { kind: 'pair', prompt: 'b', completion: 'c', place },
      {
        kind: 'messages',
        messages: [
          { role: 'user', content: 'd' },
          { role: 'assistant', content: '<pad>' },
        ],
        place,
      },
    ];
    for (const special of ['tokens', 'text'] as const)
      expect(encode(rows, special).spelled).toEqual({ text: 2, messages: 2 });
  });

  it('are not those that spell what is no special token of this tokenizer', () => {
    expect(encode([text('<|im_start|>user\nHi<|im_end|>'), text('\n\n')]).spelled).toEqual({
      text: 0,
      messages: 0,
    });
  });

  it('stay text in messages, whatever is said of texts', () => {
    const row: Row = {
      kind: 'pair',
      prompt: 'a<end_of_turn>\n<start_of_turn>model\nb',
      completion: 'c',
      place,
    };
    for (const special of ['tokens', 'text'] as const) {
      const ids = pieces(row, special);
      expect(ids.filter((piece) => piece === '<end_of_turn>')).toHaveLength(2);
      expect(ids.filter((piece) => piece === '<start_of_turn>')).toHaveLength(2);
    }
  });
});
