/**
 * No part of a row is ignored: whatever is changed, the tokens or what is trained on change, too, or an error names the
 * field, or it is named as not read. 2,500 seeded changes of rows of every shape; the few that rightly say nothing are
 * listed in `NOTHINGS`, each with its reason.
 */
import { join } from 'node:path';
import seedrandom from 'seedrandom';
import { beforeAll, expect, it } from 'vitest';
import { encodeRows } from '../../src/data/encode.ts';
import { INERT_KEYS } from '../../src/data/keys.ts';
import { parseLine } from '../../src/data/parse.ts';
import { isEmpty } from '../../src/data/report.ts';
import { formatProblem } from '../../src/errors.ts';
import { loadTokenizer, type Tokenizer } from '../../src/model/tokenizer/index.ts';
import { type Json, type Mutation, mutate, pick } from './mutate.ts';

const user = (content: string) => ({ role: 'user', content });
const reply = (content: string) => ({ role: 'assistant', content });
const ROWS: Json[] = [
  {
    messages: [{ role: 'system', content: 'kind' }, user('one'), reply('two'), user('three'), reply('four')],
  },
  {
    messages: [user('one'), { ...reply('two'), weight: 0 }, user('three'), { ...reply('four'), train: true }],
  },
  {
    messages: [user('one'), { role: 'assistant', content: [{ type: 'text', text: 'two' }] }],
    ...{ system: 'kind', prompt: 'one', source: 'web', tools: null },
  },
  { prompt: 'one', completion: 'two' },
  { prompt: [user('one'), reply('two'), user('three')], completion: [reply('four')], id: 7 },
  { instruction: 'one', input: 'more', output: 'two', system: 'kind', history: [['zero', 'null']] },
  {
    conversations: [
      { from: 'human', value: 'one' },
      { from: 'gpt', value: 'two', loss: true },
    ],
  },
  { text: 'one and two' },
  {
    message_tree_id: 'm',
    prompt: {
      ...{ text: 'one', role: 'prompter', lang: 'en' },
      replies: [
        { text: 'two', role: 'assistant', rank: 1, synthetic: false, replies: [] },
        {
          ...{ text: 'three', role: 'assistant', rank: 0 },
          replies: [{ text: 'four', role: 'prompter', replies: [{ text: 'five', role: 'assistant' }] }],
        },
      ],
    },
  },
];

/** Changes that mean the same as before. `was` and `is` are the field's values, undefined where it is not there. */
const NOTHINGS: Record<string, (m: Mutation, was: Json | undefined, is: Json | undefined) => boolean> = {
  'tables write null, or nothing, for what a row does not have': (_, was, is) => isEmpty(was) && isEmpty(is),
  'where a row comes from is no part of its text': ({ key }) => INERT_KEYS.has(key),
  'a tree has an identity, whatever it is': ({ key }, was) => key === 'message_tree_id' && was !== undefined,
  'a reply is trained on unless it says otherwise': ({ key }, was, is) =>
    /^(weight|train|loss)$/.test(key) &&
    [was, is].every((value) => [undefined, null, true, 1].includes(value as true)),
  'what others say is never trained on': ({ key, holder }, was, is) =>
    key === 'train' &&
    /^(user|system|human)$/.test(String(holder.role ?? holder.from)) &&
    was === undefined &&
    is === false,
  'a message of a tree is there and a person wrote it unless it says otherwise': ({ key }, was, is) =>
    key === 'synthetic' &&
    [was, is].every((value) => [undefined, null, false].includes(value as false) || isEmpty(value)),
  'the release says what readers thought of a message': ({ key, holder }) =>
    key === 'labels' && (holder.role === 'prompter' || holder.role === 'assistant') && 'text' in holder,
  'ranks count by their order; without one comes last': ({ key, path }) =>
    key === 'rank' && path.includes('replies'),
  'the opening prompt once more, beside its messages': ({ key, row }, was, is) =>
    key === 'prompt' &&
    'messages' in (row as object) &&
    [was, is].every((value) => isEmpty(value) || value === 'one'),
  'roles have several names': ({ key }, was, is) => key === 'role' && was === 'assistant' && is === 'model',
  'a text is a list of one text': ({ key }, was, is) =>
    key === 'content' && JSON.stringify(is) === JSON.stringify([{ type: 'text', text: was }]),
};

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(join(import.meta.dirname, '../../data/tiny'));
});

it.each([1, 2, 3, 4, 5])('every change of a row is seen (seed %i)', (seed) => {
  const random = seedrandom(`row/${seed}`);
  const kinds = { changed: 0, refused: 0, named: 0, nothing: 0 };
  const ignored: string[] = [];
  for (let i = 0; i < 500; i++) {
    const mutation = mutate(pick(ROWS, random), random);
    const found = seen(mutation);
    if (found === undefined) ignored.push(`${mutation.what}: ${JSON.stringify(mutation.row)}`);
    else kinds[found]++;
  }
  expect(ignored, `seed ${seed}`).toEqual([]);
  // The claim would hold of a reader that refuses everything, or of a list of exceptions that takes everything.
  expect(kinds.changed).toBeGreaterThan(30);
  expect(kinds.refused).toBeGreaterThan(50);
  expect(kinds.named).toBeGreaterThan(5);
  expect(kinds.nothing).toBeLessThan(75);
});

/** How a change is seen; undefined if it is not. */
function seen(m: Mutation): 'changed' | 'refused' | 'named' | 'nothing' | undefined {
  const now = read(m.row);
  if (now.problems.length > 0) return now.problems.some((text) => isNamed(m, text)) ? 'refused' : undefined;
  const was = read(m.base);
  // A field that is new must be read itself: what its old name did not do any more is no sign of that.
  if (now.unread.some((field) => field.split('.').at(-1) === m.key)) return 'named';
  if (now.tokens !== was.tokens) return 'changed';
  return Object.values(NOTHINGS).some((rule) => rule(m, m.was, m.is)) ? 'nothing' : undefined;
}

/** Does an error say where to look? */
function isNamed({ names, path, original }: Mutation, error: string): boolean {
  const says = (pattern: string) => new RegExp(`(?<![\\w\\]])${pattern}(?![\\w[])`).test(error);
  if (names.some((name) => says(`(?:[\\w.[\\]]*\\.)?${name}`) || error.includes(`${name}[`))) return true;
  // Of a message as a whole, as in "messages[2] is an empty reply".
  const [list, index] = path;
  if (typeof index === 'number' && error.includes(`${list}[${index}] is `)) return true;
  // Of a conversation as a whole, as in "the last of messages" and "both messages and prompt".
  if (path.length > 1) return says(String(path[0]));
  // Without the field that gave a row its shape, the error is of the shape that is left.
  return (
    'has no response|has none of'.split('|').some((text) => error.includes(text)) &&
    path[0]! in (original as object)
  );
}

/** What is made of a row: with every turn and reply of a tree, so that none of them may be passed over. */
function read(row: Json): { tokens: string; problems: string[]; unread: string[] } {
  const options = { turns: 'all', replies: 'all' } as const;
  const { rows, problems, unread } = parseLine(JSON.stringify(row), { file: 'r', line: 1 }, options);
  if (problems.length > 0) return { tokens: '', problems: problems.map(formatProblem), unread };
  const { examples } = encodeRows(rows, tokenizer, { maxSeqLen: 640, template: 'chat' });
  const tokens = JSON.stringify(examples.map(({ ids, target }) => [[...ids], [...target]]));
  return { tokens, problems: [], unread };
}
