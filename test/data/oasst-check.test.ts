/** A conversation tree is held against what the release writes: wrong kinds and slips are told with their path. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_TREE_OPTIONS } from '../../src/data/oasst.ts';
import { parseLine } from '../../src/data/parse.ts';

type Fields = Record<string, unknown>;
const tree = (prompt: Fields, reply: Fields = {}, beside: Fields = {}) => {
  const answer = { role: 'assistant', text: 'b', ...reply };
  const value = {
    message_tree_id: 't',
    prompt: { role: 'prompter', text: 'a', replies: [answer], ...prompt },
    ...beside,
  };
  return parseLine(JSON.stringify(value), { file: 'r', line: 1 }, DEFAULT_TREE_OPTIONS);
};
const wrong = (...fields: Parameters<typeof tree>) =>
  tree(...fields).problems.map(({ message, hint }) =>
    hint === undefined ? message : `${message} -> ${hint}`,
  );

describe('checkTree', () => {
  it('tells the path of the message that is not as the release writes it', () => {
    expect(wrong({}, { role: 'user' })).toEqual(['prompt.replies[0].role is "user"; it must be assistant']);
    expect(wrong({}, { text: 5 })).toEqual(['prompt.replies[0].text must be a string, found 5']);
    expect(wrong({}, { rank: '0' })).toEqual(['prompt.replies[0].rank must be a number, found "0"']);
    expect(wrong({ synthetic: 'no' })).toEqual(['prompt.synthetic must be true or false, found "no"']);
    expect(wrong({ replies: 'b' })).toEqual(['prompt.replies must be a list, found "b"']);
    expect(wrong({ replies: ['b'] })).toEqual(['prompt.replies[0] must be a message, found "b"']);
    expect(wrong({}, { replies: [{ role: 'prompter', text: null }] })).toEqual([
      'prompt.replies[0].replies[0].text must be a string, found null',
    ]);
  });

  it('refuses a message whose role is not in turn: it would be left out, with all below it', () => {
    expect(wrong({ role: 'assistant' })).toEqual(['prompt.role is "assistant"; it must be prompter']);
    expect(wrong({}, { role: 'prompter' })).toEqual([
      'prompt.replies[0].role is "prompter"; it must be assistant',
    ]);
    expect(wrong({}, { replies: [{ role: 'assistant', text: 'c' }] })).toEqual([
      'prompt.replies[0].replies[0].role is "assistant"; it must be prompter',
    ]);
  });

  it('needs no text of a deleted message, which is left out with all below it', () => {
    expect(tree({ text: null, deleted: true })).toMatchObject({ rows: [], problems: [] });
  });

  it('asks whether a slip of the pen was meant: a rank that is not read would choose another reply', () => {
    expect(wrong({}, { ranks: 0 })).toEqual(['unknown field prompt.replies[0].ranks -> rank']);
    expect(wrong({ Synthetic: true })).toEqual(['unknown field prompt.Synthetic -> synthetic']);
  });

  it('passes over what else the release says, each at its own level', () => {
    const said = { message_id: 'm', review_count: 3, emojis: { '+1': 2 }, labels: { spam: 0 }, lang: 'en' };
    expect(tree(said, said, { tree_state: 'ready' })).toMatchObject({ problems: [], unread: [] });
    expect(tree({ prompt: 'x' }, {}, { labels: [1] }).unread).toEqual(['labels', 'prompt..prompt']);
  });

  it('is asked for by message_tree_id, without which an object for a prompt is refused', () => {
    const value = { message_treeid: 't', prompt: { role: 'prompter', text: 'a', replies: [] } };
    const { problems } = parseLine(JSON.stringify(value), { file: 'r', line: 1 }, DEFAULT_TREE_OPTIONS);
    expect(problems[0]!.message).toMatch(/^prompt is an object, .* no message_tree_id beside it$/);
    expect(problems[0]!.hint).toBe('`message_tree_id` for `message_treeid`');
  });
});
