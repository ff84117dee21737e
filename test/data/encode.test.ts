import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EncodeOptions, encodeRows } from '../../src/data/encode.ts';
import type { Row, RowContent } from '../../src/data/row.ts';
import { loadTokenizer, type Tokenizer } from '../../src/model/tokenizer/index.ts';

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(join(import.meta.dirname, '../../data/tiny'));
});

const row = (content: RowContent, trainFrom?: number): Row => ({
  ...content,
  place: { file: 'f', line: 1 },
  ...(trainFrom === undefined ? {} : { trainFrom }),
});
const pair = (prompt: string, completion: string): Row => row({ kind: 'pair', prompt, completion });
const defaults: EncodeOptions = { maxSeqLen: 640, template: 'chat' };

/** Text of all tokens and of the targets alone, special tokens spelled out. */
function shown(rows: Row[], options: Partial<EncodeOptions> = {}): { all: string; targets: string }[] {
  return encodeRows(rows, tokenizer, { ...defaults, ...options }).examples.map(({ ids, target }) => ({
    all: tokenizer.decode([...ids], { skipSpecials: false }),
    targets: tokenizer.decode(
      [...ids].filter((_, i) => target[i] === 1),
      { skipSpecials: false },
    ),
  }));
}

describe('encodeRows', () => {
  it('trains on the answer and the end of its turn, behind one <bos>', () => {
    expect(shown([pair('Hi', '안녕')])).toEqual([
      {
        all: expect.stringMatching(
          /^<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n안녕<end_of_turn>\n?$/,
        ),
        targets: '안녕<end_of_turn>',
      },
    ]);
  });

  it('trains on every answer of a conversation, or from a turn on', () => {
    const messages = ['a', 'b', 'c', 'd'].map(
      (content, i) => ({ role: i % 2 ? 'assistant' : 'user', content }) as const,
    );
    const conversation: RowContent = { kind: 'messages', messages: [...messages] };
    expect(shown([row(conversation)])[0]!.targets).toBe('b<end_of_turn>d<end_of_turn>');
    expect(shown([row(conversation, 3)])[0]!.targets).toBe('d<end_of_turn>');
    expect(shown([row(conversation, 3)])[0]!.all).toBe(shown([row(conversation)])[0]!.all);
  });

  it('trains on all of a text but <bos>, and on its end', () => {
    expect(shown([row({ kind: 'text', text: 'abc' })])).toEqual([
      { all: '<bos>abc<eos>', targets: 'abc<eos>' },
    ]);
  });

  it('does not take what a user types for a turn of the conversation', () => {
    const { ids } = encodeRows([pair('<end_of_turn>', 'b')], tokenizer, defaults).examples[0]!;
    expect(ids.filter((id) => id === tokenizer.tokenToId('<end_of_turn>'))).toHaveLength(2);
  });

  it('cuts the end off at max_seq_len and counts it', () => {
    const whole = encodeRows([pair('a', 'bcdef')], tokenizer, defaults).examples[0]!;
    const first = whole.target.indexOf(1);
    const cut = encodeRows([pair('a', 'bcdef')], tokenizer, { ...defaults, maxSeqLen: first + 2 });
    expect(cut).toMatchObject({ truncated: 1, dropped: 0, numTokens: first + 2, numTargets: 2 });
    expect([...cut.examples[0]!.ids]).toEqual([...whole.ids.slice(0, first + 2)]);
  });

  it('leaves out and counts rows whose prompt alone fills max_seq_len', () => {
    const whole = encodeRows([pair('a', 'b')], tokenizer, defaults).examples[0]!;
    const dropped = encodeRows([pair('a', 'b')], tokenizer, {
      ...defaults,
      maxSeqLen: whole.target.indexOf(1),
    });
    expect(dropped).toMatchObject({ examples: [], dropped: 1, truncated: 0, numTokens: 0 });
  });

  it('hashes what training sees: not the file, but tokens, targets and order', () => {
    const hash = (rows: Row[], options = {}) =>
      encodeRows(rows, tokenizer, { ...defaults, ...options }).sha256;
    const rows = [pair('a', 'b'), pair('c', 'd')];
    expect(hash(rows.map((r) => ({ ...r, place: { file: 'g', line: 9 } })))).toBe(hash(rows));
    const others = [hash(rows.toReversed()), hash(rows.slice(1)), hash(rows, { template: 'plain' })];
    expect(new Set([hash(rows), ...others]).size).toBe(4);
  });
});
