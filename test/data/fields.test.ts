/** What becomes of each field of a row: used, refused with its place, or named as not read. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeRows } from '../../src/data/encode.ts';
import { DEFAULT_TREE_OPTIONS } from '../../src/data/oasst.ts';
import { parseLine } from '../../src/data/parse.ts';
import { formatProblem } from '../../src/errors.ts';
import { loadTokenizer, type Tokenizer } from '../../src/model/tokenizer/index.ts';

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(join(import.meta.dirname, '../../data/tiny'));
});

const parse = (value: unknown) =>
  parseLine(
    typeof value === 'string' ? value : JSON.stringify(value),
    { file: 'r', line: 1 },
    DEFAULT_TREE_OPTIONS,
  );
/** Everything wrong with a row, without its place. */
const wrong = (value: unknown) =>
  parse(value).problems.map((problem) => formatProblem(problem).slice('r:1: '.length));
/** Text of the targets, special tokens spelled out. */
function trained(value: unknown, textSpecialTokens: 'tokens' | 'text' = 'tokens'): string {
  const { rows, problems } = parse(value);
  expect(problems).toEqual([]);
  const options = { maxSeqLen: 640, template: 'chat', textSpecialTokens } as const;
  const { ids, target } = encodeRows(rows, tokenizer, options).examples[0]!;
  return tokenizer.decode(
    [...ids].filter((_, i) => target[i] === 1),
    { skipSpecials: false },
  );
}

const user = { role: 'user', content: 'a' };
const [b, d] = ['b', 'd'].map((content) => ({ role: 'assistant', content })) as [Reply, Reply];
type Reply = { role: string; content: string };

describe('what a row says of being trained on', () => {
  it('keeps a reply out of the loss: weight 0, and the flags of other programs', () => {
    for (const flag of [
      { weight: 0 },
      { train: false },
      { training: false },
      { trainable: false },
      { loss: false },
    ])
      expect(trained({ messages: [user, { ...b, ...flag }, user, d] })).toBe('d<end_of_turn>');
    expect(trained({ messages: [user, { ...b, weight: 1 }, user, { ...d, train: true }] })).toBe(
      'b<end_of_turn>d<end_of_turn>',
    );
  });

  it('is refused where it cannot be followed', () => {
    expect(wrong({ messages: [user, { ...b, weight: 0.5 }] })).toEqual([
      'messages[1].weight must be 0 or 1, found 0.5',
    ]);
    expect(wrong({ messages: [{ ...user, weight: 1 }, b] })[0]).toMatch(
      /weight belongs to assistant messages/,
    );
    expect(wrong({ messages: [{ ...user, train: true }, b] })[0]).toMatch(/only assistant messages can be/);
    expect(wrong({ messages: [user, { ...b, weight: 1, train: false }] })[0]).toMatch(/says both/);
    expect(wrong({ messages: [user, { ...b, weight: 0 }] })).toEqual([
      'the row has no reply that is trained on: left out by messages[1].weight',
    ]);
    expect(wrong({ prompt: 'a', completion: 'b', weight: 0.3 })[0]).toMatch(/^weight cannot be used/);
    expect(wrong({ prompt: [{ ...user }, { ...b, train: true }, user], completion: [d] })[0]).toMatch(
      /the prompt is context/,
    );
  });
});

describe('what changes the text of a row', () => {
  it('is used: system, history, parts of text, ShareGPT', () => {
    expect(parse({ prompt: 'a', completion: 'b', system: 's' }).rows[0]).toMatchObject({
      messages: [{ role: 'system', content: 's' }, user, b],
    });
    expect(trained({ instruction: 'a', input: '', output: 'd', history: [['a', 'b']] })).toBe(
      'b<end_of_turn>d<end_of_turn>',
    );
    const parts = [
      { type: 'text', text: 'b' },
      { type: 'text', text: 'c' },
    ];
    expect(trained({ messages: [user, { role: 'assistant', content: parts }] })).toBe('bc<end_of_turn>');
    const said = [
      { from: 'system', value: 's' },
      { from: 'human', value: 'a' },
      { from: 'gpt', value: 'b' },
    ];
    expect(parse({ conversations: said }).rows[0]).toMatchObject({
      messages: [{ role: 'system', content: 's' }, user, b],
    });
  });

  it('is refused with its place: functions, pictures, preferences, tokens, reasoning, other systems', () => {
    const call = { ...b, tool_calls: [{ name: 'f' }] };
    expect(wrong({ messages: [user, call] })).toEqual([
      'messages[1].tool_calls cannot be used: calls of functions are not trained on',
    ]);
    expect(wrong({ messages: [user, b], tools: [{ name: 'f' }] })[0]).toMatch(/^tools cannot be used/);
    const picture = { role: 'user', content: [{ type: 'image', image: 'x.png' }] };
    expect(wrong({ messages: [picture, b] })[0]).toMatch(/^messages\[0\]\.content\[0\]\.type is "image"/);
    expect(wrong({ prompt: 'a', chosen: 'b', rejected: 'c' })[0]).toMatch(/^chosen cannot be used/);
    expect(wrong({ input_ids: [1, 2], text: 'a' })[0]).toMatch(/^input_ids cannot be used/);
    expect(wrong({ messages: [user, { ...b, reasoning_content: 'r' }] })[0]).toMatch(
      /reasoning_content cannot/,
    );
    expect(wrong({ messages: [{ role: 'system', content: 's' }, user, b], system: 'other' })[0]).toMatch(
      /both system and a system message/,
    );
    expect(wrong({ instruction: 'a', input: 21, output: 'b' })).toEqual(['input must be a string, found 21']);
    expect(wrong({ messages: [{ role: 'tool', content: 'x' }, b] })[0]).toMatch(/calls of functions/);
  });

  it('is refused where two fields say different things, and not where they say the same', () => {
    expect(wrong({ messages: [user, b], prompt: 'other' })[0]).toMatch(
      /both messages and prompt, which says something else/,
    );
    expect(wrong({ messages: [user, b], prompt: 'a', completion: 'b' })).toEqual([]);
    expect(wrong({ prompt: 'a', completion: 'b', text: 'nothing of it' })[0]).toMatch(/says something else/);
    expect(parse({ prompt: 'a', completion: 'b', text: '### a\n### b' }).unread).toEqual(['text']);
  });
});

describe('what says nothing', () => {
  it('is null, empty, or known to be about the row: no word of it', () => {
    const row = { prompt: 'a', completion: 'b' };
    const said = {
      messages: null,
      tools: null,
      system: null,
      images: [],
      id: 7,
      source: 'web',
      created_at: 'now',
    };
    expect(parse({ ...row, ...said }).rows).toEqual(parse(row).rows);
    expect(parse({ ...row, ...said }).unread).toEqual([]);
    const nulls = { tool_calls: null, name: null };
    expect(
      parse({
        messages: [
          { ...user, ...nulls },
          { ...b, ...nulls },
        ],
      }).rows,
    ).toEqual(parse({ messages: [user, b] }).rows);
  });

  it('is named where nobody can know: in the row, in a message, in a part', () => {
    expect(parse({ prompt: 'a', completion: 'b', difficulty: 3 }).unread).toEqual(['difficulty']);
    expect(parse({ messages: [user, { ...b, mood: 'x' }] }).unread).toEqual(['messages[].mood']);
    const content = [{ type: 'text', text: 'b', style: 'x' }];
    expect(parse({ messages: [user, { role: 'assistant', content }] }).unread).toEqual([
      'messages[].content[].style',
    ]);
  });

  it('is not one of two fields of a name, of which JSON would keep the last', () => {
    expect(wrong('{"prompt": "a", "completion": "b", "prompt": "c"}')).toEqual([
      'the row has the field prompt twice',
    ]);
    expect(wrong('{"messages": [{"role": "user", "content": "a", "r\\u006fle": "user"}]}')[0]).toBe(
      'the row has the field role twice',
    );
    // In different objects, in values, and escaped quotes.
    const said = '{"prompt": "\\"prompt\\": 1, {", "completion": "prompt", "meta": {"prompt": 1}}';
    expect(wrong(said)).toEqual([]);
  });

  it('is not a language that is no text: held-out figures are given for each', () => {
    expect(wrong({ prompt: 'a', completion: 'b', lang: 3 })).toEqual(['lang must be a string, found 3']);
    expect(parse({ prompt: 'a', completion: 'b', lang: null, language: 'es' }).rows[0]).toMatchObject({
      lang: 'es',
    });
  });

  it('is not half a character, which would become another', () => {
    expect(wrong('{"prompt": "a", "completion": "\\ud83d"}')[0]).toMatch(/half of a character/);
    expect(wrong('{"prompt": "a", "completion": "\\ud83d\\ude00"}')).toEqual([]);
    expect(wrong('{"prompt": "a", "completion": "\\\\ud83d"}')).toEqual([]);
  });
});

describe('a text row that is a rendered chat', () => {
  const text = '<start_of_turn>user\na<end_of_turn>\n<start_of_turn>model\nb<end_of_turn>\n';

  it('has its special tokens, and one <bos> whether it spells one or not', () => {
    for (const row of [{ text }, { text: `<bos>${text}` }]) {
      const { rows } = parse(row);
      const { examples, spelled } = encodeRows(rows, tokenizer, { maxSeqLen: 640, template: 'chat' });
      const ids = [...examples[0]!.ids];
      expect(ids.filter((id) => id === tokenizer.bosId)).toHaveLength(1);
      expect(ids.filter((id) => tokenizer.idToToken(id) === '<end_of_turn>')).toHaveLength(2);
      expect(ids.at(-1)).not.toBe(tokenizer.eosId);
      expect(spelled).toEqual({ text: 1, messages: 0 });
    }
  });

  it('opens with its <bos>, whatever blanks or second ones stand before the text', () => {
    for (const text of ['a', '<bos>a', '\n<bos>a', ' <bos> <bos>a', '<bos><bos>a']) {
      const { examples } = encodeRows(parse({ text }).rows, tokenizer, { maxSeqLen: 9, template: 'chat' });
      expect(tokenizer.decode([...examples[0]!.ids], { skipSpecials: false }), text).toBe('<bos>a<eos>');
    }
    // Blanks before anything else are the text's own.
    expect(trained({ text: '\na' })).toBe('\na<eos>');
  });

  it('keeps them as letters where that is asked for, and then has an end of text', () => {
    expect(trained({ text: '<end_of_turn>' }, 'text')).toBe('<end_of_turn><eos>');
    const { rows } = parse({ text: '<end_of_turn>' });
    const options = { maxSeqLen: 640, template: 'chat', textSpecialTokens: 'text' } as const;
    const { ids } = encodeRows(rows, tokenizer, options).examples[0]!;
    expect([...ids].filter((id) => tokenizer.idToToken(id) === '<end_of_turn>')).toHaveLength(0);
  });

  it('is counted apart from messages that spell special tokens, which stay letters', () => {
    const { rows } = parse({ prompt: '<eos>', completion: 'b' });
    const { examples, spelled } = encodeRows(rows, tokenizer, { maxSeqLen: 640, template: 'chat' });
    expect(spelled).toEqual({ text: 0, messages: 1 });
    expect([...examples[0]!.ids]).not.toContain(tokenizer.eosId);
  });
});
