import { describe, expect, it } from 'vitest';
import { DEFAULT_TREE_OPTIONS } from '../../src/data/oasst.ts';
import { parseLine } from '../../src/data/parse.ts';
import { formatProblem } from '../../src/errors.ts';

const place = { file: 'rows.jsonl', line: 7 };
const parse = (value: unknown) => parseLine(JSON.stringify(value), place, DEFAULT_TREE_OPTIONS);
const complaint = (value: unknown) => {
  const { problems, rows } = parse(value);
  expect(rows).toEqual([]);
  return problems.map(formatProblem).join('\n');
};
const messages = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: 'Hello' },
];
const system = { role: 'system', content: 'Be brief.' };

describe('system beside another shape', () => {
  it('goes before the messages, a prompt, an instruction', () => {
    const row = { kind: 'messages', messages: [system, ...messages], place };
    const shapes = [
      { messages },
      { prompt: 'Hi', completion: 'Hello' },
      { instruction: 'Hi', output: 'Hello' },
      {
        conversations: [
          { from: 'human', value: 'Hi' },
          { from: 'gpt', value: 'Hello' },
        ],
      },
    ];
    for (const shape of shapes) expect(parse({ system: 'Be brief.', ...shape }).rows).toEqual([row]);
  });

  it('moves the first message that is trained on by one', () => {
    const row = { prompt: messages.slice(0, 1), completion: messages.slice(1) };
    expect(parse(row).rows).toMatchObject([{ trainFrom: 1 }]);
    expect(parse({ ...row, system: 'Be brief.' }).rows).toMatchObject([{ trainFrom: 2 }]);
  });

  it('may say what a system message says, and nothing else', () => {
    const row = (text: string) => ({ system: text, messages: [system, ...messages] });
    expect(parse(row('Be brief.')).rows).toMatchObject([{ messages: [system, ...messages] }]);
    expect(complaint(row('Be long.'))).toContain(
      'the row has both system and a system message, and they differ',
    );
  });

  it('is text: anything else is refused, and so is one beside a text', () => {
    expect(complaint({ system: ['Be brief.'], messages })).toContain('system must be a string, found a list');
    expect(complaint({ system: 3, prompt: 'Hi', completion: 'b' })).toContain(
      'system must be a string, found 3',
    );
    expect(complaint({ system: 'Be brief.', text: 'Once' })).toContain('the row has both text and system');
  });

  it('says nothing when it is null or empty', () => {
    const pair = { kind: 'pair', prompt: 'Hi', completion: 'Hello', place };
    for (const empty of [null, ''])
      expect(parse({ system: empty, prompt: 'Hi', completion: 'Hello' }).rows).toEqual([pair]);
  });
});

describe('history beside an instruction', () => {
  const row = { instruction: 'And then?', output: 'Home.' };

  it('holds earlier turns, which are trained on, too', () => {
    expect(parse({ ...row, history: [['Where?', 'Out.']] }).rows).toEqual([
      {
        kind: 'messages',
        messages: [
          { role: 'user', content: 'Where?' },
          { role: 'assistant', content: 'Out.' },
          { role: 'user', content: 'And then?' },
          { role: 'assistant', content: 'Home.' },
        ],
        place,
      },
    ]);
  });

  it('stands before the input and behind the system message', () => {
    const [parsed] = parse({ ...row, input: 'Now.', system: 'S', history: [['a', 'b']] }).rows;
    expect(parsed?.kind === 'messages' && parsed.messages.map(({ content }) => content)).toEqual([
      'S',
      'a',
      'b',
      'And then?\n\nNow.',
      'Home.',
    ]);
  });

  it.each([
    ['Where?', 'history must be a list of pairs, found "Where?"'],
    [['Where?', 'Out.'], 'history[0] must be a pair of strings'],
    [[['Where?', 'Out.'], ['What?']], 'history[1] must be a pair of strings'],
    [[['Where?', 3]], 'history[0] must be a pair of strings'],
    [[['Where?', '']], 'history[0][1] is an empty reply, which would be trained on'],
    [[{ user: 'Where?' }], 'history[0] must be a pair of strings'],
  ])('is refused with its place when it is %j', (history, reason) => {
    expect(complaint({ ...row, history })).toContain(`rows.jsonl:7: ${reason}`);
  });

  it('is refused beside a prompt or messages, where it would be dropped', () => {
    const history = [['Where?', 'Out.']];
    expect(complaint({ prompt: 'Hi', completion: 'b', history })).toContain(
      'prompt + completion and history',
    );
    expect(complaint({ messages, history })).toContain('the row has both messages and history');
    expect(parse({ messages, history: [] }).rows).toHaveLength(1);
  });
});

describe('input beside an instruction', () => {
  it.each([
    [21, '21'],
    [['pear', 'apple'], 'a list'],
    [{ a: 1 }, 'an object'],
    [false, 'false'],
  ])('is text, not %j', (input, found) => {
    expect(complaint({ instruction: 'Sort.', input, output: 'b' })).toBe(
      `rows.jsonl:7: input must be a string, found ${found}`,
    );
  });

  it('says nothing when it is null or empty', () => {
    const pair = { kind: 'pair', prompt: 'Sort.', completion: 'b', place };
    for (const input of [null, ''])
      expect(parse({ instruction: 'Sort.', input, output: 'b' }).rows).toEqual([pair]);
  });

  it('is refused beside a prompt, where it would be dropped', () => {
    expect(complaint({ prompt: 'Sort.', completion: 'b', input: 'pear' })).toBe(
      'rows.jsonl:7: the row has both prompt + completion and input, which says something else; ' +
        'leave one of them out',
    );
  });
});

describe('a field of another shape', () => {
  it('is taken where it says again what the row says, without a word', () => {
    const rows = [
      { messages, prompt: 'Hi' },
      { messages, completion: 'Hello' },
      { messages: [system, ...messages], prompt: 'Hi' },
      { prompt: 'Hi', completion: 'Hello', instruction: 'Hi' },
    ];
    for (const row of rows) expect(parse(row)).toMatchObject({ rows: [{}], problems: [], unread: [] });
    expect(parse({ messages, prompt: 'Hi' }).rows).toEqual(parse({ messages }).rows);
  });

  it('repeats the first prompt and the last reply, not others', () => {
    const four = [...messages, { role: 'user', content: 'Bye' }, { role: 'assistant', content: 'See you' }];
    expect(parse({ messages: four, prompt: 'Hi', completion: 'See you' }).rows).toHaveLength(1);
    expect(complaint({ messages: four, prompt: 'Bye' })).toContain('the row has both messages and prompt');
    expect(complaint({ messages: four, completion: 'Hello' })).toContain('both messages and completion');
  });

  it('as rendered text is named as not read: it may hold more than its parts', () => {
    const row = { instruction: 'Add', input: '3 4', output: '7', text: 'Below is a task. Add\n\n3 4\n### 7' };
    expect(parse(row)).toMatchObject({ rows: [{ kind: 'pair' }], unread: ['text'] });
    expect(complaint({ ...row, text: '7 comes before Add\n\n3 4' })).toContain(
      'instruction + output + input and text',
    );
  });

  it.each([
    { messages, prompt: 'Ho' },
    { messages, prompt: messages.slice(0, 1) },
    { messages, input: 'Hi' },
    { messages, text: 'Once' },
    { instruction: 'a', output: 'b', completion: 'c' },
    { prompt: 'a', completion: 'b', output: 'c' },
  ])('is refused where it says something else: %j', (row) => {
    expect(complaint(row)).toContain('which says something else; leave one of them out');
  });

  it('says nothing when it is null or empty, as exports of tables write it', () => {
    const nulls = {
      messages: null,
      conversations: null,
      text: null,
      system: null,
      history: null,
      tools: null,
    };
    expect(parse({ ...nulls, prompt: 'Hi', completion: 'Hello' }).rows).toEqual([
      { kind: 'pair', prompt: 'Hi', completion: 'Hello', place },
    ]);
    expect(parse({ messages, prompt: '', completion: '', text: '', history: [], tools: [] })).toMatchObject({
      rows: [{ kind: 'messages' }],
      unread: [],
    });
  });
});
