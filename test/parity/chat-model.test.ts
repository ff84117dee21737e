/** A checkpoint that was trained on chats from a base model, as transformers sees it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPeerPython } from '../../bench/peer-python.ts';
import { startBackend } from '../../src/backend/index.ts';
import { createGemma3, presetConfig, saveGemma3 } from '../../src/model/index.ts';
import { loadTokenizer, TINY_TOKENIZER } from '../../src/model/tokenizer/index.ts';
import { train } from '../../src/trainers/index.ts';
import { recipe } from '../trainers/tiny-run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const python = findPeerPython(ROOT);
const why = python ? '' : ' (skipped: no Python with transformers; set ISOGLOSS_PEER_PYTHON)';

describe('a base model that is trained on chats', () => {
  let dir: string;
  let checkpoint: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'isogloss-chat-model-'));
    await startBackend({ name: 'torch', compute: 'float32' });
    const base = join(dir, 'base');
    mkdirSync(base);
    const config = presetConfig('tiny');
    const raw = { ...config.raw, eos_token_id: 1 };
    const model = createGemma3({ ...config, raw, eosTokenIds: [1] }, 0);
    await saveGemma3(model, base);
    model.dispose();
    for (const [name, bytes] of await (await loadTokenizer(fileURLToPath(TINY_TOKENIZER))).files())
      writeFileSync(join(base, name), bytes);
    writeFileSync(join(base, 'generation_config.json'), '{"bos_token_id": 2, "eos_token_id": 1}');
    const out = join(dir, 'run');
    const sets = [`model.path=${base}`, `out=${out}`, 'data.train.max_samples=~', 'train.max_steps=60'];
    ({ checkpoint } = await train(recipe(...sets)));
  });
  afterAll(() => rmSync(dir, { recursive: true }));
  const json = (name: string) => JSON.parse(readFileSync(join(checkpoint, name), 'utf8'));

  it('gets the template, and the end of a turn among the ids that end a text', () => {
    expect(readFileSync(join(checkpoint, 'chat_template.jinja'), 'utf8')).toContain('<start_of_turn>model');
    expect(json('generation_config.json')).toMatchObject({ bos_token_id: 2, eos_token_id: [1, 5] });
    expect(json('config.json').eos_token_id).toEqual([1, 5]);
  });

  it.skipIf(why)(`renders and ends a chat in transformers${why}`, () => {
    const output = execFileSync(
      python!,
      [join(ROOT, 'test/parity/chat_model.py'), checkpoint, 'Say hello to Ana.'],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const answer = JSON.parse(output.trim().split('\n').at(-1)!);
    expect(answer.rendered).toBe(
      '<bos><start_of_turn>user\nSay hello to Ana.<end_of_turn>\n<start_of_turn>model\n',
    );
    expect(answer.eos).toEqual([1, 5]);
    expect(answer.new.at(-1)).toBe(5);
    expect(answer.new.length).toBeLessThan(40);
  });
});
