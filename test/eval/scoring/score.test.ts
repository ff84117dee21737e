import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/backend/index.ts';
import * as tf from '../../../src/backend/tfjs.ts';
import type { ScoredItem } from '../../../src/eval/item.ts';
import { type PromptSettings, prepareItems } from '../../../src/eval/scoring/prepare.ts';
import { type ScoreOptions, scoreItems } from '../../../src/eval/scoring/score.ts';
import { createGemma3, type Gemma3, presetConfig } from '../../../src/model/index.ts';
import { loadTokenizer, type Tokenizer } from '../../../src/model/tokenizer/index.ts';
import { toyItems } from './items.ts';

const TINY = join(import.meta.dirname, '../../../data/tiny');
const TEXT: PromptSettings = {
  scoring: 'text',
  prompt: 'question',
  shots: 0,
  chat: false,
  unconditional: false,
};
const items = toyItems(9);
const [examples, asked] = [items.filter((_, i) => i % 9 < 3), items.filter((_, i) => i % 9 >= 3)];

describe.each(['torch', 'wasm'] as const)('log-likelihoods on %s', (name) => {
  let model: Gemma3;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    await startBackend({ name, compute: 'float32' });
    model = createGemma3(presetConfig('tiny'), 1);
    for (const parameter of model.parameters.values()) tf.tidy(() => parameter.assign(tf.mul(parameter, 4)));
    tokenizer = await loadTokenizer(TINY);
  });
  afterAll(() => model.dispose());

  const prepare = (settings: Partial<PromptSettings>, list = asked) =>
    prepareItems(list, examples, tokenizer, { ...TEXT, ...settings }, 2048).items;
  const score = (
    settings: Partial<PromptSettings>,
    options: Partial<ScoreOptions> = {},
    list = asked,
  ): ScoredItem[] => [...scoreItems(model, prepare(settings, list), { tokenBudget: 512, ...options })].flat();

  /** log p of the last `n` of `ids`, from the whole text by itself. */
  function alone(ids: readonly number[], n: number): number {
    return tf.tidy(() => {
      const { hidden_BTD } = model.forward({ tokens_BT: tf.tensor2d([[...ids]], [1, ids.length], 'int32') });
      const logp = tf
        .logSoftmax(model.logits(tf.reshape(hidden_BTD, [ids.length, -1]) as tf.Tensor2D))
        .arraySync() as number[][];
      return ids.slice(-n).reduce((sum, id, i) => sum + logp[ids.length - n + i - 1]![id]!, 0);
    });
  }

  it.each([0, 3])('of option texts are those of whole texts read one by one, with %i examples', (shots) => {
    const found = score({ shots });
    for (const [i, { sequences }] of prepare({ shots }).entries()) {
      for (const [option, { ids, first }] of sequences.entries()) {
        const { logprob, tokens } = found[i]!.scores[option]!;
        expect(tokens).toBe(ids.length - first);
        expect(Math.abs(logprob - alone([...ids], tokens))).toBeLessThan(1e-4);
      }
    }
  });

  it('of letters are those of the token behind the prompt, and their mass that of both forms', () => {
    // A vocabulary in which letters are tokens of their own, as in Gemma's: any ids will do.
    const pieces = new Map(
      [...'ABCD'].flatMap(
        (letter, i) =>
          [
            [letter, [20 + i]],
            [` ${letter}`, [40 + i]],
          ] as const,
      ),
    );
    const lettered: Tokenizer = {
      ...tokenizer,
      encode: (text) => tokenizer.encode(text),
      encodePlain: (text) => [...(pieces.get(text) ?? tokenizer.encodePlain(text))],
    };
    const settings = { ...TEXT, scoring: 'letters', prompt: 'paper', shots: 1 } as const;
    const { items: prepared } = prepareItems(asked, examples, lettered, settings, 2048);
    const found = [...scoreItems(model, prepared, { tokenBudget: 700 })].flat();
    // A few: each letter is a pass of its own, which wasm takes a second for.
    for (const [i, { sequences, letters }] of prepared.slice(0, 3).entries()) {
      const of = (id: number) => alone([...sequences[0]!.ids, id], 1);
      for (const [option, id] of letters!.scored.entries())
        expect(Math.abs(found[i]!.scores[option]!.logprob - of(id))).toBeLessThan(1e-4);
      const mass = [...letters!.scored, ...letters!.others].reduce((sum, id) => sum + Math.exp(of(id)), 0);
      expect(found[i]!.letterMass).toBeCloseTo(mass, 5);
      expect(found[i]!.continuations).toEqual([' A', ' B', ' C', ' D']);
    }
  });

  it('do not depend on the budget, the order or the neighbours', () => {
    for (const settings of [{ shots: 2 }, { scoring: 'letters', prompt: 'lm_eval' }] as const) {
      const key = ({ item }: ScoredItem) => `${item.language} ${item.id}`;
      const expected = new Map(score(settings, { tokenBudget: 1e6 }).map((one) => [key(one), one]));
      for (const [tokenBudget, list] of [
        [1, asked],
        [300, asked.toReversed()],
        [2000, asked.slice(4, 9)],
      ] as const) {
        for (const found of score(settings, { tokenBudget }, [...list]))
          for (const [option, { logprob }] of found.scores.entries())
            expect(Math.abs(logprob - expected.get(key(found))!.scores[option]!.logprob)).toBeLessThan(1e-5);
      }
    }
  });

  it('without the question are those of the option behind <bos>', () => {
    const found = score({ unconditional: true });
    const [first] = prepare({ unconditional: true });
    const { ids } = first!.alone![2]!;
    expect(Math.abs(found[0]!.scores[2]!.unconditional! - alone([...ids], ids.length - 1))).toBeLessThan(
      1e-4,
    );
  });

  it('say whether each token was the likeliest', () => {
    const [prepared] = prepare({});
    const { ids, first } = prepared!.sequences[0]!;
    const best = tf.tidy(() => {
      const { hidden_BTD } = model.forward({ tokens_BT: tf.tensor2d([[...ids]], [1, ids.length], 'int32') });
      return tf
        .argMax(model.logits(tf.reshape(hidden_BTD, [ids.length, -1]) as tf.Tensor2D), 1)
        .arraySync() as number[];
    });
    const greedy = [...ids].slice(first).every((id, i) => best[first + i - 1] === id);
    expect(score({})[0]!.scores[0]!.greedy).toBe(greedy);
  });

  it('that are no numbers are refused, with the item that has them', () => {
    const edits: ScoreOptions['edits'] = () => [
      { layer: 1, apply: (hidden_BTD) => tf.mul(hidden_BTD, Number.NaN) as tf.Tensor3D },
    ];
    expect(() => score({}, { edits }, asked.slice(0, 1))).toThrow(
      /^toy:\d+: the model gives NaN as a log-probability of item .* weights are damaged, or training has diverged$/,
    );
  });

  it('are those of all even where some of a pack are had already', () => {
    const all = score({ shots: 2 });
    const had = all[1]!.item;
    const left = score({ shots: 2 }, { isDone: ({ item }) => item === had });
    expect(left).toEqual(all.filter(({ item }) => item !== had));
  });

  it('change with edits, from the last token of each prompt on', () => {
    const marked: number[] = [];
    const edits: ScoreOptions['edits'] = (fromPromptEnd_T) => {
      marked.push(fromPromptEnd_T.reduce((sum, x) => sum + x, 0));
      const mask_BT1 = tf.tensor3d(Float32Array.from(fromPromptEnd_T), [1, fromPromptEnd_T.length, 1]);
      return [{ layer: 1, apply: (hidden_BTD) => tf.add(hidden_BTD, tf.mul(mask_BT1, 3)) as tf.Tensor3D }];
    };
    const list = asked.slice(0, 2);
    const [plain, steered] = [score({}, {}, list), score({}, { edits }, list)];
    expect(steered[0]!.scores[0]!.logprob).not.toBeCloseTo(plain[0]!.scores[0]!.logprob, 2);
    // The prompt's last token, and all of its options'.
    const own = prepare({}, list).map(({ sequences }) => {
      const shared = Math.min(...sequences.map(({ first }) => first));
      return 1 + sequences.reduce((sum, { ids }) => sum + ids.length - shared, 0);
    });
    expect(marked[0]).toBeLessThanOrEqual(own.reduce((a, b) => a + b));
    expect(marked[0]).toBeGreaterThan(8);
    expect(score({}, { edits }, [list[1]!])[0]!.scores[3]!.logprob).toBeCloseTo(
      steered[1]!.scores[3]!.logprob,
      4,
    );
  });
});

describe('prompts', () => {
  it('of the paper are its Figure 6, of lm-eval its global_mmlu', async () => {
    const tokenizer = await loadTokenizer(TINY);
    const [item] = toyItems(1);
    const of = (prompt: PromptSettings['prompt']) =>
      prepareItems([item!], [], tokenizer, { ...TEXT, scoring: 'letters', prompt }, 2048).items[0]!.prompt;
    const listed = item!.options.map((option, i) => `${'ABCD'[i]}. ${option}`).join('\n');
    expect(of('paper')).toBe(
      `${item!.question}\n\nWithout any explanation, choose only one from the given alphabet choices (e.g., A, B, C, D).\n${listed}\nAnswer:`,
    );
    expect(of('lm_eval')).toBe(`${item!.question}\n${listed}\nAnswer:`);
  });

  it('that are too long, options that are the same tokens, and examples that are missing are refused', async () => {
    const tokenizer = await loadTokenizer(TINY);
    const [item] = toyItems(1);
    expect(() => prepareItems([item!], [], tokenizer, TEXT, 10)).toThrow(
      /toy:1: the prompt of 0 takes \d+ tokens, and the model reads 10/,
    );
    const same = { ...item!, options: ['a', 'b', 'a'] };
    expect(() => prepareItems([same], [], tokenizer, TEXT, 2048)).toThrow(
      'toy:1: options 1 and 3 of 0 are the same tokens',
    );
    expect(() => prepareItems([item!], [], tokenizer, { ...TEXT, shots: 2 }, 2048)).toThrow(
      '2 shots are asked for, and there are 0 solved examples in en',
    );
  });
});
