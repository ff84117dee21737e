import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EncodedSentences, encodeSentences, readParallel } from '../../../src/data/parallel/index.ts';
import { loadTokenizer, type Tokenizer } from '../../../src/model/tokenizer/index.ts';
import { folders } from './folder-of.ts';

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(join(import.meta.dirname, '../../../data/tiny'));
});

const folder = folders();
async function encode(english: string, spanish: string, maxTokens = 100): Promise<EncodedSentences> {
  const { name, cwd } = folder({ 'en.txt': english, 'es.txt': spanish });
  return encodeSentences(await readParallel(name, { cwd }), tokenizer, maxTokens);
}

describe('encodeSentences', () => {
  it('puts <bos> before a bare sentence, and no end behind it', async () => {
    const encoded = await encode('Hi.\n', '¡Hola!\n');
    const text = (language: string) =>
      tokenizer.decode([...encoded.ids(language, 0)], { skipSpecials: false });
    expect([text('en'), text('es')]).toEqual(['<bos>Hi.', '<bos>¡Hola!']);
    expect(encoded.notes).toEqual([]);
  });

  it('leaves special tokens text that a sentence spells', async () => {
    const ids = (await encode('<eos> <bos>\n', 'x\n')).ids('en', 0);
    expect([...ids].filter((id) => tokenizer.specialIds.has(id))).toEqual([tokenizer.bosId]);
  });

  it('cuts the end off at the limit, and counts it by language', async () => {
    const whole = await encode('abc\nabcdef\n', 'abcdefgh\nabcdefgh\n');
    const cut = await encode('abc\nabcdef\n', 'abcdefgh\nabcdefgh\n', 5);
    expect([...cut.ids('es', 1)]).toEqual([...whole.ids('es', 1).slice(0, 5)]);
    expect([...cut.truncated]).toEqual([
      ['en', 1],
      ['es', 2],
    ]);
    expect(cut.notes).toEqual([expect.stringContaining('lose their end to 5 tokens: en 1, es 2')]);
    const lengths = ['en', 'es'].flatMap((language) => [0, 1].map((i) => cut.ids(language, i).length));
    expect(cut.numTokens).toBe(lengths.reduce((a, b) => a + b));
    expect(cut.longest).toBe(5);
    expect(cut.sha256).not.toBe(whole.sha256);
  });

  it('refuses a limit that only <bos> fits in', async () => {
    await expect(encode('a\n', 'b\n', 1)).rejects.toThrow('nothing but <bos>');
  });
});
