import { describe, expect, it } from 'vitest';
import { DEFAULT_TREE_OPTIONS } from '../../src/data/oasst.ts';
import { parseLine } from '../../src/data/parse.ts';
import { formatProblem } from '../../src/errors.ts';

const place = { file: 'rows.jsonl', line: 7 };
const parse = (value: unknown) =>
  parseLine(typeof value === 'string' ? value : JSON.stringify(value), place, DEFAULT_TREE_OPTIONS);
const complaints = (value: unknown) => parse(value).problems.map(formatProblem);

describe('parseLine', () => {
  it('reads messages', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
    ];
    expect(parse({ messages }).rows).toEqual([{ kind: 'messages', messages, place }]);
  });

  it('reads prompt + completion, as strings and as messages', () => {
    expect(parse({ prompt: 'Hi', completion: 'Hello' }).rows).toEqual([
      { kind: 'pair', prompt: 'Hi', completion: 'Hello', place },
    ]);
    const [row] = parse({
      prompt: [{ role: 'user', content: 'Hi' }],
      completion: [{ role: 'assistant', content: 'Hello' }],
    }).rows;
    expect(row).toMatchObject({ kind: 'messages', trainFrom: 1 });
  });

  it('reads instruction + input + output as a pair', () => {
    expect(parse({ instruction: 'Add', input: '3 4', output: '7' }).rows).toEqual([
      { kind: 'pair', prompt: 'Add\n\n3 4', completion: '7', place },
    ]);
  });

  it('reads text', () => {
    expect(parse({ text: 'Once' }).rows).toEqual([{ kind: 'text', text: 'Once', place }]);
  });

  it('says where a line is not JSON', () => {
    expect(complaints('{"prompt": "a"')[0]).toMatch(/^rows\.jsonl:7: the line is not valid JSON/);
    expect(complaints('[1]')[0]).toMatch(/^rows\.jsonl:7: a row must be a JSON object/);
  });

  it('says that a row has no response', () => {
    expect(complaints({ prompt: 'Hi' })[0]).toBe(
      'rows.jsonl:7: the row has no response: completion must be a string that is not empty',
    );
    expect(complaints({ prompt: 'Hi', completion: '  ' })).toHaveLength(1);
    expect(complaints({ messages: [{ role: 'user', content: 'Hi' }] })[0]).toContain(
      'the row has no response',
    );
    expect(complaints({ messages: [] })).toHaveLength(1);
  });

  it('names the nearest key to a misspelt one', () => {
    expect(complaints({ prompt: 'Hi', completon: 'Hello' })).toEqual([
      'rows.jsonl:7: the row has no response: completion must be a string that is not empty. ' +
        'Did you mean `completion` for `completon`?',
    ]);
    expect(complaints({ prompt: 'Hi', completion: 'Hello', histroy: [['a', 'b']] })[0]).toContain(
      'unknown field histroy. Did you mean history?',
    );
    expect(complaints({ message: [] })[0]).toContain('Did you mean `messages` for `message`?');
  });

  it('reports everything that is wrong with a pair', () => {
    expect(complaints({ prompt: 3, completion: null })).toHaveLength(2);
  });

  it('refuses turns out of order and unknown roles', () => {
    const user = { role: 'user', content: 'a' };
    const assistant = { role: 'assistant', content: 'b' };
    expect(complaints({ messages: [user, user, assistant] })[0]).toContain(
      'messages[1] is a user message out of turn',
    );
    expect(complaints({ messages: [assistant] })[0]).toContain('out of turn');
    expect(complaints({ messages: [user, { role: 'bot', content: 'b' }] })[0]).toContain(
      'messages[1].role is "bot"',
    );
    expect(complaints({ messages: [user, { role: 'system', content: 's' }, assistant] })).toHaveLength(1);
  });

  it('explains flat OpenAssistant messages', () => {
    expect(complaints({ message_id: 'x', text: 'Hi', role: 'prompter' })[0]).toContain('conversation trees');
  });

  it('survives a line nested a million deep', () => {
    const depth = 1_000_000;
    expect(parse(`{"messages":${'['.repeat(depth)}${']'.repeat(depth)}}`).problems).toHaveLength(1);
  });
});
