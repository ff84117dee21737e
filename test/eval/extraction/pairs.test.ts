/** Pairs as they are read, without a model. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type PairsRequest, type Reader, readPairs } from '../../../src/eval/extraction/pairs.ts';
import { presetConfig } from '../../../src/model/index.ts';
import { loadTokenizer, type Tokenizer } from '../../../src/model/tokenizer/index.ts';

const SHARED = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));
let tokenizer: Tokenizer;
let reader: Reader;
beforeAll(async () => {
  tokenizer = await loadTokenizer(join(import.meta.dirname, '../../../data/tiny'));
  reader = { tokenizer, config: { ...presetConfig('tiny'), maxPositionEmbeddings: 8192 } };
});

const REQUEST: PairsRequest = {
  ...{ kind: 'en', task: { name: 'toy', options: {} }, languages: ['es'], shots: 0, chat: false, seed: 1 },
  ...{ readAt: 'last', splitBy: 'question', dev1: 5, dev2: 5 },
};
const pairs = (changes: Partial<PairsRequest>, by = reader) => readPairs({ ...REQUEST, ...changes }, by, '.');
const text = (ids: Int32Array) => tokenizer.decode([...ids], { skipSpecials: false });

describe('the prompts of pairs', () => {
  it('are those that scoring asks, examples and chat template included, up to the first scored token', async () => {
    const { sides, prompt } = await pairs({ shots: 2, chat: true });
    expect(prompt).toEqual({ form: 'question', scoring: 'text', shots: 2, chat: true });
    for (const { ids, from, to } of [...sides.values()].flat()) {
      const read = text(ids);
      expect(read.match(/Question: /g)).toHaveLength(3);
      expect(read).toMatch(/^<bos><start_of_turn>user\n.*Answer:<end_of_turn>\n<start_of_turn>model\n$/s);
      expect([from, to]).toEqual([ids.length - 1, ids.length]);
    }
  });

  it('of letters end with the prompt; read at the answer, with the letter of the right one', async () => {
    // A vocabulary in which letters are tokens of their own, as in Gemma's: any ids will do.
    const plain = (spelled: string) => {
      const letter = /^ ?([A-D])$/.exec(spelled);
      return letter ? [400 + letter[1]!.charCodeAt(0)] : [...tokenizer.encodePlain(spelled)];
    };
    const lettered: Tokenizer = { ...tokenizer, encode: (all) => tokenizer.encode(all), encodePlain: plain };
    const by = { ...reader, tokenizer: lettered };
    const asked = { scoring: 'letters', prompt: 'paper' } as const;
    const [prompts, answers] = [await pairs(asked, by), await pairs({ ...asked, readAt: 'answer' }, by)];
    const [own, behind] = [prompts.sides.get('es')!, answers.sides.get('es')!];
    for (const [i, { ids, from }] of behind.entries()) {
      expect(ids.subarray(0, -1)).toEqual(own[i]!.ids);
      expect('ABCD'.split('').map((letter) => 400 + letter.charCodeAt(0))).toContain(ids.at(-1));
      expect(from).toBe(ids.length - 1);
    }
  });

  it('of LOC stand behind the same examples of Dev2, which do not name the country', async () => {
    const task = { name: 'toy_culture', options: {} };
    const { sides } = await pairs({ kind: 'loc', task, shots: 2 });
    const [named, plain] = [...sides.values()].map((side) => side.map(({ ids }) => text(ids)));
    for (const [i, prompt] of plain!.entries()) {
      expect(prompt).not.toContain('España');
      const examples = prompt.slice(0, prompt.lastIndexOf('Question:'));
      expect(examples.match(/Question: /g)).toHaveLength(2);
      expect(named![i]).toBe(
        `${examples}${prompt.slice(examples.length).replace('Question: ', 'Question: En España: ')}`,
      );
    }
  });

  it('are split by question or by item, in no more than a quarter of what there is', async () => {
    const task = { name: 'toy_culture', options: {} };
    const ids = async (changes: Partial<PairsRequest>) =>
      (await pairs({ kind: 'loc', task, dev1: 99, ...changes })).languages[0]!.ids;
    const [whole, each] = [await ids({}), await ids({ splitBy: 'item' })];
    expect([whole.length, each.length]).toEqual([9, 9]);
    // Three ways to ask for each of three things.
    expect(new Set(whole.map((id) => id.split('/')[0])).size).toBe(3);
    expect(new Set(each.map((id) => id.split('/')[0])).size).toBeGreaterThan(3);
  });
});

describe.skipIf(!existsSync(SHARED))('pairs of the real files', () => {
  const languages = ['es', 'id', 'ko', 'el', 'zh', 'ar'];

  it("of BLEnD's annotations name the country on one side", async () => {
    const task = { name: 'blend_annotations', path: join(SHARED, 'blend/annotations'), options: {} };
    const found = await pairs({ kind: 'loc', task, languages, dev1: 100, dev2: 100 });
    expect(found.languages.map(({ language }) => language).sort()).toEqual([...languages].sort());
    for (const { sides, ids } of found.languages) {
      const [named, plain] = sides.map((side) => found.sides.get(side)!);
      expect([named!.length, plain!.length]).toEqual([ids.length, ids.length]);
      expect(ids.length).toBeGreaterThanOrEqual(50);
      for (const [i, { ids: own }] of named!.entries()) expect(text(own)).not.toBe(text(plain![i]!.ids));
    }
    const [es] = found.languages.filter(({ language }) => language === 'es');
    const [named, plain] = es!.sides.map((side) => text(found.sides.get(side)![0]!.ids));
    expect(named).toMatch(/España|español/);
    expect(plain).not.toMatch(/España|español/);
  }, 60_000);

  it('of BMLAMA ask the same in English and in all six languages', async () => {
    const task = { name: 'bmlama', path: join(SHARED, 'bmlama53'), options: {} };
    const found = await pairs({ task, languages, dev1: 100, dev2: 100 });
    for (const { ids, sides } of found.languages) {
      expect(sides[0]).toBe('en');
      expect(ids).toEqual(found.languages[0]!.ids);
      expect(ids).toHaveLength(100);
    }
  }, 60_000);
});
