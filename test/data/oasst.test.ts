import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type TreeOptions, treeRows } from '../../src/data/oasst.ts';
import { readSource } from '../../src/data/read.ts';

const place = { file: 'trees.jsonl', line: 1 };
type Node = {
  text: string;
  role: string;
  replies: Node[];
  rank?: number;
  synthetic?: boolean;
  deleted?: boolean;
};
const ask = (text: string, ...replies: Node[]): Node => ({ text, role: 'prompter', replies });
const reply = (text: string, rank?: number, ...replies: Node[]): Node => ({
  text,
  role: 'assistant',
  replies,
  ...(rank === undefined ? {} : { rank }),
});
const texts = (prompt: Node, options: TreeOptions): string[] =>
  treeRows({ message_tree_id: 't', prompt }, place, options).map((row) =>
    row.kind === 'messages' ? row.messages.map((message) => message.content).join(' > ') : '',
  );

const tree = ask('p', reply('unranked'), reply('second', 1), reply('best', 0, ask('q', reply('r', 0))));

describe('treeRows', () => {
  it('pairs the opening prompt with its best-ranked reply', () => {
    expect(texts(tree, { turns: 'first', replies: 'best' })).toEqual(['p > best']);
  });

  it('gives every reply, best first, those without a rank last', () => {
    expect(texts(tree, { turns: 'first', replies: 'all' })).toEqual([
      'p > best',
      'p > second',
      'p > unranked',
    ]);
  });

  it('gives follow-up prompts with the turns before them as context that is not trained on', () => {
    const rows = treeRows({ message_tree_id: 't', prompt: tree }, place, { turns: 'all', replies: 'best' });
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatchObject({ trainFrom: 3 });
    expect(texts(tree, { turns: 'all', replies: 'best' })).toEqual(['p > best', 'p > best > q > r']);
  });

  it('leaves out what a model wrote, what was deleted, and what hangs below', () => {
    const synthetic = { ...reply('machine', 0, ask('q', reply('r'))), synthetic: true };
    const deleted = { ...reply('gone', 1), deleted: true };
    expect(texts(ask('p', synthetic, deleted, reply('kept', 2)), { turns: 'all', replies: 'all' })).toEqual([
      'p > kept',
    ]);
    expect(texts({ ...tree, synthetic: true }, { turns: 'all', replies: 'all' })).toEqual([]);
  });

  it('walks a hostile chain of follow-ups without using the stack, and stops adding context', () => {
    let node = ask('p', reply('r'));
    for (let i = 0; i < 100_000; i++) node = ask('p', reply('r', 0, node));
    expect(texts(node, { turns: 'all', replies: 'all' }).length).toBeLessThan(40);
  });
});

const REAL = join(import.meta.dirname, '../../../shared/data/oasst/en_100_trees.jsonl');
describe.skipIf(!existsSync(REAL))('the real release (../shared/data/oasst)', () => {
  it.each([
    ['first', 'best', 95],
    ['all', 'best', 249],
    ['all', 'all', 670],
  ] as const)(
    'holds the pairs that a walk in Python counts: %s turns, %s replies',
    async (turns, replies, count) => {
      // Counted by a recursive walk over json.loads of each line, with the same rules.
      const source = await readSource(REAL, { cwd: '/', seed: 0, trees: { turns, replies } });
      expect(source.rows).toHaveLength(count);
    },
  );
});
