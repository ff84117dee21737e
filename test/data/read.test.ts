import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSource } from '../../src/data/read.ts';
import { UserError } from '../../src/errors.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'isogloss-read-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

async function read(name: string, text: string) {
  await writeFile(join(cwd, name), text);
  return readSource(name, { cwd, seed: 1 });
}

describe('readSource', () => {
  it('reads rows of different shapes in one file, skipping blank lines and a byte order mark', async () => {
    const source = await read('a.jsonl', '\uFEFF{"text":"one"}\r\n\n{"prompt":"p","completion":"c"}\n');
    expect(source.rows.map((row) => [row.kind, row.place.line])).toEqual([
      ['text', 1],
      ['pair', 3],
    ]);
  });

  it('reports every bad line at once', async () => {
    const failure = await read('b.jsonl', '{"text":"ok"}\nnot json\n{"prompt":"p"}\n').catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as UserError).problems.map((problem) => problem.line)).toEqual([2, 3]);
  });

  it('stops after twenty problems', async () => {
    const failure = await read('c.jsonl', 'bad\n'.repeat(1000)).catch((error) => error);
    expect((failure as UserError).problems).toHaveLength(21);
  });

  it('refuses a data set without rows, saying why', async () => {
    await expect(read('d.jsonl', '\n\n')).rejects.toThrow('d.jsonl: the data set has no rows: it is empty');
    const tree = {
      message_tree_id: 't',
      prompt: { role: 'prompter', text: 'p', synthetic: true, replies: [] },
    };
    await expect(read('e.jsonl', JSON.stringify(tree))).rejects.toThrow('none of its 1 conversation trees');
  });

  it('knows the hash of the bytes', async () => {
    // sha256sum of these 15 bytes.
    expect((await read('f.jsonl', '{"text":"one"}\n')).sha256).toBe(
      '271da0e285b0e7b87f5a034d5f5ec89fe4d47b014d1f02459a13b3546fe88d03',
    );
  });

  it('notes once, with the lines that have it, each field that nothing is made of', async () => {
    const rows = [
      { prompt: 'p', completion: 'c', mood: 'x', id: 1 },
      { prompt: 'p', completion: 'c', mood: null },
      {
        messages: [
          { role: 'user', content: 'p', pose: 1 },
          { role: 'assistant', content: 'c', pose: 2 },
        ],
        mood: 'y',
      },
    ];
    const { notes } = await read('g.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    expect(notes).toEqual(['g.jsonl: fields that are not read: mood (2x), messages[].pose (1x)']);
    expect((await read('h.jsonl', '{"text":"one","id":1}')).notes).toEqual([]);
  });

  it('names ten of any number of fields, and counts the others', async () => {
    const fields = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`xq${i}`, i]));
    const { notes } = await read('i.jsonl', JSON.stringify({ ...fields, text: 'one' }));
    expect(notes[0]).toMatch(/xq8 \(1x\), xq9 \(1x\) and 2 more$/);
  });

  it('reads no further than the rows asked for: what is wrong behind them is not its matter', async () => {
    await writeFile(join(cwd, 'j.jsonl'), '{"text":"one"}\n{"text":"two","mood":1}\nbad\n');
    const { rows, notes } = await readSource('j.jsonl', { cwd, seed: 1, maxRows: 1 });
    expect([rows.length, notes]).toEqual([1, []]);
  });

  it('names the built-in data set to who misspells it', async () => {
    await expect(readSource('builtin:toys', { cwd, seed: 1 })).rejects.toThrow('Did you mean builtin:toy?');
  });
});
