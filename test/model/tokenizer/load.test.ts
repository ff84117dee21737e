import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadTokenizer, TINY_TOKENIZER } from '../../../src/model/tokenizer/index.ts';

const tiny = fileURLToPath(TINY_TOKENIZER);

describe('loadTokenizer', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'isogloss-tokenizer-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('says what to do about a checkpoint without a tokenizer', async () => {
    await expect(loadTokenizer(dir)).rejects.toThrow(/has no tokenizer.json. Copy the tokenizer files/);
    const tokenizer = await loadTokenizer(dir, { tokenizer: tiny });
    expect(tokenizer.vocabSize).toBe(512);
  });

  it('says that a path does not exist', async () => {
    await expect(loadTokenizer(join(dir, 'no'))).rejects.toThrow(/there is no such file or directory/);
  });

  it.each([
    ['{', /is not JSON/],
    ['{"model":{"type":"Unigram"}}', /is not a BPE tokenizer.json/],
    ['{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"added_tokens":[3]}', /"added_tokens" must list/],
    ['{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}', /token ids that are not whole numbers/],
    ['{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}', /cannot be used as a tokenizer: .*decoder/],
    [
      '{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"decoder":{"type":"Fuse"},"normalizer":null,"pre_tokenizer":null,"post_processor":null}',
      /has no <bos>, <eos>, <pad>/,
    ],
  ])('refuses %s', async (json, message) => {
    writeFileSync(join(dir, 'tokenizer.json'), json);
    await expect(loadTokenizer(dir)).rejects.toThrow(message);
  });

  it('takes chat_template.jinja before the template in tokenizer_config.json', async () => {
    cpSync(tiny, dir, { recursive: true });
    expect((await loadTokenizer(dir)).chatTemplate).toBeUndefined();
    const templates = [
      { name: 'tool_use', template: 'T' },
      { name: 'default', template: 'D' },
    ];
    writeFileSync(join(dir, 'tokenizer_config.json'), JSON.stringify({ chat_template: templates }));
    expect((await loadTokenizer(dir)).chatTemplate).toBe('D');
    writeFileSync(join(dir, 'chat_template.jinja'), 'J');
    const tokenizer = await loadTokenizer(dir);
    expect(tokenizer.chatTemplate).toBe('J');
    expect([...(await tokenizer.files()).keys()]).toContain('chat_template.jinja');
  });
});
