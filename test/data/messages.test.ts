/** Errors of conversations name the place and the field that the row itself uses. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_TREE_OPTIONS } from '../../src/data/oasst.ts';
import { parseLine } from '../../src/data/parse.ts';

const parse = (value: unknown) =>
  parseLine(JSON.stringify(value), { file: 'r', line: 1 }, DEFAULT_TREE_OPTIONS);
const wrong = (value: unknown) => parse(value).problems.map(({ message }) => message);
const [a, b] = [
  { role: 'user', content: 'a' },
  { role: 'assistant', content: 'b' },
];

describe('what a message lacks', () => {
  it('is asked for by the names the message uses: from and value, or role and content', () => {
    const answer = { from: 'gpt', value: 'b' };
    expect(wrong({ conversations: [{ from: 'human' }, answer] })).toEqual([
      'conversations[0].value must be a string, found nothing',
    ]);
    expect(wrong({ conversations: [{ value: 'a' }, answer] })[0]).toMatch(
      /^conversations\[0\]\.from is nothing; it must be one of system, user, assistant, model, human, gpt, chatgpt$/,
    );
    expect(wrong({ messages: [{ role: 'user' }, b] })).toEqual([
      'messages[0].content must be a string, found nothing',
    ]);
    expect(wrong({ messages: [{ content: 'a' }, b] })[0]).toMatch(/^messages\[0\]\.role is nothing/);
  });
});

describe('turns', () => {
  it('out of order are told with what they stand behind', () => {
    expect(wrong({ prompt: [a, b], completion: [b] })[0]).toMatch(
      /^completion\[0\] is an assistant message out of turn behind prompt\[1\];/,
    );
    expect(wrong({ prompt: [a], completion: [] })).toEqual([
      'completion must be a list of messages that is not empty',
    ]);
    expect(wrong({ prompt: [], completion: [b] })).toEqual([
      'prompt must be a list of messages that is not empty',
    ]);
  });
});

describe('replies', () => {
  it('that are all left out are told with the fields that leave them out', () => {
    const rows = [a, { ...b, weight: 0 }, a, { ...b, loss: false }];
    expect(wrong({ messages: rows })).toEqual([
      'the row has no reply that is trained on: left out by messages[1].weight, messages[3].loss',
    ]);
  });

  it('that say both are told with both fields', () => {
    expect(wrong({ messages: [a, { ...b, train: true, weight: 0 }] })).toEqual([
      'messages[1] says both that it is trained on (train) and that it is not (weight)',
    ]);
  });

  it('that are left out keep their place behind a system column, which moves every message by one', () => {
    const messages = [a, { ...b, weight: 0 }, a, b];
    expect(parse({ messages }).rows[0]).toMatchObject({ untrained: [1] });
    expect(parse({ messages, system: 's' }).rows[0]).toMatchObject({ untrained: [2] });
    expect(parse({ prompt: [a, b, a], completion: [b], system: 's' }).rows[0]).toMatchObject({
      trainFrom: 4,
    });
  });

  it('that are empty are only refused where they would be learnt', () => {
    const empty = { ...b, content: ' ' };
    expect(wrong({ messages: [a, empty, a, b] })).toEqual([
      'messages[1] is an empty reply, which would be trained on',
    ]);
    expect(wrong({ messages: [a, { ...empty, weight: 0 }, a, b] })).toEqual([]);
    expect(wrong({ prompt: [a, empty, a], completion: [b] })).toEqual([]);
  });
});
