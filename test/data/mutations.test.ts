/**
 * No part of a row is ignored: whatever is changed, the tokens or what is trained on change, too, or an error names the
 * field, or it is named as not read. 2,500 seeded changes of rows of every shape.
 */
import { join } from 'node:path';
import seedrandom from 'seedrandom';
import { beforeAll, expect, it } from 'vitest';
import { encodeRows } from '../../src/data/encode.ts';
import { INERT_KEYS } from '../../src/data/keys.ts';
import { DEFAULT_TREE_OPTIONS } from '../../src/data/oasst.ts';
import { parseLine } from '../../src/data/parse.ts';
import { formatProblem } from '../../src/errors.ts';
import { loadTokenizer, type Tokenizer } from '../../src/model/tokenizer/index.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Path = (string | number)[];

const user = (content: string) => ({ role: 'user', content });
const reply = (content: string) => ({ role: 'assistant', content });
const ROWS: Json[] = [
  {
    messages: [
      { role: 'system', content: 'Be kind.' },
      user('one'),
      reply('two'),
      user('three'),
      reply('four'),
    ],
  },
  {
    messages: [user('one'), { ...reply('two'), weight: 0 }, user('three'), { ...reply('four'), train: true }],
  },
  {
    messages: [user('one'), { role: 'assistant', content: [{ type: 'text', text: 'two' }] }],
    system: 'Be kind.',
  },
  { prompt: 'one', completion: 'two' },
  { prompt: [user('one'), reply('two'), user('three')], completion: [reply('four')] },
  { instruction: 'one', input: 'more', output: 'two', system: 'Be kind.', history: [['zero', 'null']] },
  {
    conversations: [
      { from: 'human', value: 'one' },
      { from: 'gpt', value: 'two' },
    ],
  },
  { text: 'one and two' },
  {
    message_tree_id: 'm',
    prompt: {
      text: 'one',
      role: 'prompter',
      replies: [
        { text: 'two', role: 'assistant', rank: 1, replies: [] },
        { text: 'three', role: 'assistant', rank: 0, replies: [] },
      ],
    },
  },
];
const OTHERS: Json[] = [
  0,
  1,
  2.5,
  true,
  false,
  null,
  '',
  'five',
  [],
  {},
  ['five'],
  { a: 'five' },
  [['five', 'six']],
];
const NEW_KEYS = [
  ...[
    'weight',
    'tools',
    'tool_calls',
    'images',
    'history',
    'system',
    'input',
    'text',
    'prompt',
    'completion',
  ],
  ...[
    'thought',
    'mood',
    'chosen',
    'labels',
    'name',
    'role',
    'content',
    'value',
    'from',
    'train',
    'rank',
    'synthetic',
  ],
];

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(join(import.meta.dirname, '../../data/tiny'));
});

it.each([1, 2, 3, 4, 5])('every change of a row is seen (seed %i)', (seed) => {
  const random = seedrandom(`row/${seed}`);
  const kinds = { changed: 0, refused: 0, named: 0, allowed: 0 };
  for (let i = 0; i < 500; i++) {
    const original = pick(ROWS, random);
    const { row, what, key, before, after } = mutate(original, random);
    const [was, now] = [read(original), read(row)];
    if (now.problems !== '') {
      expect(now.problems, what).toMatch(/\w/);
      kinds.refused++;
    } else if (now.tokens !== was.tokens) kinds.changed++;
    else if (now.unread.length > was.unread.length) kinds.named++;
    else {
      expect(saysNothing(original, key, before, after), `${what}: ${JSON.stringify(row)}`).toBe(true);
      kinds.allowed++;
    }
  }
  // The claim would hold of a reader that refuses everything.
  expect(kinds.changed).toBeGreaterThan(30);
  expect(kinds.named).toBeGreaterThan(5);
  expect(kinds.allowed).toBeLessThan(120);
});

/** Changes that mean the same as before, each for a reason. */
function saysNothing(
  original: Json,
  key: string,
  before: Json | undefined,
  after: Json | undefined,
): boolean {
  const isEmpty = (value: Json | undefined) =>
    value === undefined ||
    value === null ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value).length === 0);
  // Tables write null, or nothing, for what a row does not have.
  if (isEmpty(before) && isEmpty(after)) return true;
  // Where a row comes from is no part of its text.
  if (INERT_KEYS.has(key)) return true;
  // Trained on is the default.
  if ((key === 'train' || key === 'weight') && isTrue(before) && isTrue(after)) return true;
  if (key === 'train' && before === undefined && after === false) return true;
  // A field that repeats what the conversation says.
  if (['prompt', 'completion', 'text'].includes(key) && JSON.stringify(original).includes(String(after)))
    return true;
  // Of several replies the best ranked is taken: the ranks count only by their order, and the others not at all.
  return 'message_tree_id' in (original as object);
}

const isTrue = (value: Json | undefined): boolean => value === undefined || value === true || value === 1;

function read(row: Json): { tokens: string; problems: string; unread: string[] } {
  const parsed = parseLine(JSON.stringify(row), { file: 'r', line: 1 }, DEFAULT_TREE_OPTIONS);
  const problems = parsed.problems.map(formatProblem).join('\n');
  if (problems !== '') return { tokens: '', problems, unread: parsed.unread };
  const { examples } = encodeRows(parsed.rows, tokenizer, { maxSeqLen: 640, template: 'chat' });
  const tokens = JSON.stringify(examples.map(({ ids, target }) => [[...ids], [...target]]));
  return { tokens, problems, unread: parsed.unread };
}

function mutate(original: Json, random: () => number) {
  const row = structuredClone(original);
  const path = pick(paths(row), random);
  const key = path.at(-1)!;
  const parent = path
    .slice(0, -1)
    .reduce<Json>((at, k) => (at as Record<string | number, Json>)[k]!, row) as Record<string | number, Json>;
  const before = parent[key]!;
  const done = (what: string, of: string | number, was: Json | undefined, after: Json | undefined) => ({
    ...{ row, what: `${what} at ${path.join('.')}`, key: String(of), before: was, after },
  });
  const other = structuredClone(pick(OTHERS, random));
  switch (pick(['retype', 'rename', 'add', 'remove', 'list', 'swap'], random)) {
    case 'rename': {
      if (Array.isArray(parent)) break;
      const renamed = pick(
        [`${key}s`, String(key).slice(1) || 'x', String(key).toUpperCase(), pick(NEW_KEYS, random)],
        random,
      );
      if (renamed in parent) break;
      delete parent[key];
      parent[renamed] = before;
      return done(`rename to ${renamed}`, renamed, undefined, before);
    }
    case 'add': {
      const holder = (
        typeof before === 'object' && before !== null && !Array.isArray(before) ? before : parent
      ) as typeof parent;
      if (Array.isArray(holder)) break;
      const added = pick(NEW_KEYS, random);
      const was = holder[added];
      holder[added] = other;
      return done(`${added} added`, added, was, other);
    }
    case 'remove':
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
      return done('removed', key, before, undefined);
    case 'list':
      parent[key] = [before];
      return done('in a list', key, before, [before]);
    case 'swap':
      if (typeof before === 'string') {
        parent[key] = `${before}!`;
        return done('another text', key, before, `${before}!`);
      }
  }
  parent[key] = other;
  return done('another value', key, before, other);
}

function paths(value: Json, prefix: Path = []): Path[] {
  if (value === null || typeof value !== 'object') return [];
  const entries: [string | number, Json][] = Array.isArray(value)
    ? value.map((item, i) => [i, item])
    : Object.entries(value);
  return entries.flatMap(([key, child]) => [[...prefix, key], ...paths(child, [...prefix, key])]);
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!;
}
