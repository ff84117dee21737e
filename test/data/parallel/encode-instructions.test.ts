import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  encodeInstructions,
  type Instruction,
  type InstructionOptions,
  SEQUENCES,
} from '../../../src/data/parallel/index.ts';
import { loadTokenizer, type Tokenizer } from '../../../src/model/tokenizer/index.ts';

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer(join(import.meta.dirname, '../../../data/tiny'));
});

const options: InstructionOptions = { maxSeqLen: 640, template: 'chat', overflow: 'truncate' };
const item = (parts: Partial<Instruction> = {}): Instruction => ({
  id: '1',
  lang: 'es',
  xEn: 'Hi?',
  yEn: 'Hello.',
  xXx: '¿Qué?',
  yXx: 'Hola.',
  placeEn: { file: 'f', line: 1 },
  placeXx: { file: 'f', line: 2 },
  ...parts,
});
const encode = (items: Instruction[], changed: Partial<InstructionOptions> = {}, by = tokenizer) =>
  encodeInstructions(items, by, { ...options, ...changed });
const targets = ({ ids, target }: { ids: Int32Array; target: Uint8Array }) =>
  tokenizer.decode(
    [...ids].filter((_, i) => target[i] === 1),
    { skipSpecials: false },
  );

describe('encodeInstructions', () => {
  it('gives each prompt each reply, and trains on the reply with its one end of turn', () => {
    const [example] = encode([item()]).examples;
    expect(SEQUENCES.map((key) => targets(example![key]))).toEqual([
      'Hello.<end_of_turn>',
      'Hola.<end_of_turn>',
      'Hola.<end_of_turn>',
      'Hello.<end_of_turn>',
    ]);
    const whole = SEQUENCES.map((key) => tokenizer.decode([...example![key].ids]));
    expect(whole.map((text) => [text.includes('Hi?'), text.includes('¿Qué?')])).toEqual([
      [true, false],
      [true, false],
      [false, true],
      [false, true],
    ]);
  });

  it('ends replies with the end of text where there is no template', () => {
    const [example] = encode([item()], { template: 'plain' }).examples;
    expect(targets(example!.xxXx)).toBe('Hola.<eos>');
  });

  it('does not take an end of turn that a text spells for one', () => {
    const [example] = encode([item({ yXx: 'a<end_of_turn>b' })]).examples;
    const end = tokenizer.tokenToId('<end_of_turn>');
    const { ids, target } = example!.xxXx;
    expect([...ids].filter((id, i) => target[i] === 1 && id === end)).toHaveLength(1);
  });

  it('refuses templates that mark no end of turn in a reply, at the row', () => {
    const marked = {
      ...tokenizer,
      chatTemplate:
        "{{ bos_token }}{% for m in messages %}{{ '<start_of_turn>' }}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{{ '<end_of_turn>' }}{% endfor %}",
    };
    expect(() => encode([item()], {}, marked)).toThrow(
      /^f:1: the reply must have <end_of_turn> exactly once, .* 0 times\.?\nf:2: the reply must/,
    );
  });

  it('cuts or leaves out items that are too long, and counts them by language', () => {
    const long = item({ id: '2', lang: 'ko', yXx: 'abcdefghijklmnopqrstuvwxyz'.repeat(4) });
    const [short] = encode([item()]).examples;
    const maxSeqLen = Math.max(...SEQUENCES.map((key) => short![key].ids.length));
    const cut = encode([item(), long], { maxSeqLen });
    expect([[...cut.truncated], [...cut.dropped]]).toEqual([[['ko', 1]], []]);
    expect(cut.examples).toHaveLength(2);
    expect(cut.examples[1]!.xxXx.ids).toHaveLength(maxSeqLen);
    expect(cut.notes).toEqual([`rows that lose the end of a reply to ${maxSeqLen} tokens: ko 1 of 2`]);
    const dropped = encode([item(), long], { maxSeqLen, overflow: 'drop' });
    expect([[...dropped.truncated], [...dropped.dropped]]).toEqual([[], [['ko', 1]]]);
    expect(dropped.examples.map(({ id }) => id)).toEqual(['1']);
    expect(dropped.notes).toEqual([`rows that are left out, longer than ${maxSeqLen} tokens: ko 1 of 2`]);
  });

  it('leaves out items of which a prompt alone is too long, as they have nothing to compare', () => {
    const { target } = encode([item()]).examples[0]!.xxXx;
    const { examples, dropped } = encode([item()], { maxSeqLen: target.indexOf(1) });
    expect(examples).toEqual([]);
    expect([...dropped]).toEqual([['es', 1]]);
  });

  it('hashes what training sees', () => {
    const { sha256, numTokens, examples } = encode([item(), item({ lang: 'ko', yXx: '안녕' })]);
    const lengths = examples.flatMap((example) => SEQUENCES.map((key) => example[key].ids.length));
    expect(numTokens).toBe(lengths.reduce((a, b) => a + b));
    const places = { placeEn: { file: 'g', line: 8 }, placeXx: { file: 'g', line: 9 } };
    expect(encode([item(places), item({ lang: 'ko', yXx: '안녕' })]).sha256).toBe(sha256);
    expect(encode([item(), item({ lang: 'ko', yXx: '안녕!' })]).sha256).not.toBe(sha256);
  });
});
