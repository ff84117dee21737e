import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as tf from '../../../src/backend/tfjs.ts';
import { encodeSentences, readParallel } from '../../../src/data/parallel/index.ts';
import { createGemma3, type Gemma3, presetConfig } from '../../../src/model/index.ts';
import { loadTokenizer } from '../../../src/model/tokenizer/index.ts';
import type { Sentences } from '../../../src/trainers/align/data.ts';
import { ALIGN_FIGURES, alignMeasure } from '../../../src/trainers/align/measure.ts';
import { poolSentences } from '../../../src/trainers/align/pooler.ts';
import { startTorch } from '../../backend/torch.ts';

const TINY = join(import.meta.dirname, '../../../data/tiny');

describe('what is measured of held-out translations', () => {
  let model: Gemma3;
  let sentences: Sentences;

  beforeAll(async () => {
    await startTorch();
    model = createGemma3(presetConfig('tiny'), 1);
    // Away from the initial point, where all vectors are nearly one.
    for (const parameter of model.parameters.values()) tf.tidy(() => parameter.assign(tf.mul(parameter, 4)));
    const set = await readParallel('builtin:toy', { cwd: '.', languages: ['es', 'en'] });
    const tokens = encodeSentences(set, await loadTokenizer(TINY), 64);
    // English less a token in the place of Spanish, of which a model that has learned nothing finds none.
    const ids = (language: string, index: number) => {
      const english = tokens.ids('en', index);
      return language === 'en' ? english : english.filter((_, at) => at !== 2);
    };
    sentences = { ...set, tokens: { ...tokens, ids } };
  });
  afterAll(() => model.dispose());

  const options = { layer: 2, bos: false, weights: 'mean' as const };

  function measured(of: Sentences): Record<string, number> {
    const measure = alignMeasure(model, of, options);
    for (const piece of measure.pieces()) piece();
    return measure.figures();
  }

  /** Cosines of English with Spanish, row by row, as plainly as can be. */
  function cosinesOf(count: number, how: { bos: boolean; weights: 'mean' | 'position' }): number[][] {
    const side = (language: string) =>
      Array.from({ length: count }, (_, i) => {
        const sentence = [sentences.tokens.ids(language, i)];
        return tf.tidy(() => poolSentences(model, sentence, { layer: 2, ...how }).arraySync())[0]!;
      });
    const dot = (a: number[], b: number[]) => a.reduce((sum, x, d) => sum + x * b[d]!, 0);
    const spanish = side('es');
    return side('en').map((en) => spanish.map((es) => dot(en, es) / Math.sqrt(dot(en, en) * dot(es, es))));
  }

  const share = (count: number, holds: (i: number) => boolean) =>
    Array.from({ length: count }, (_, i) => holds(i)).filter(Boolean).length / count;

  it('is retrieval both ways and the gap of cosines of all sentences, as the recipe pools them', () => {
    const figures = measured(sentences);
    expect(Object.keys(figures).filter((name) => !name.includes('/'))).toEqual(
      expect.arrayContaining(ALIGN_FIGURES),
    );
    expect(Object.keys(figures)).toHaveLength(2 * ALIGN_FIGURES.length);
    const n = sentences.ids.length;
    expect(n).toBeGreaterThan(100);
    const cosines = cosinesOf(n, options);
    const others = (i: number) => [...Array(n).keys()].filter((j) => j !== i);
    const toEnglish = share(n, (i) => others(i).every((j) => cosines[j]![i]! < cosines[i]![i]!));
    const fromEnglish = share(n, (i) => others(i).every((j) => cosines[i]![j]! < cosines[i]![i]!));
    // A sentence may tie within a rounding of fp32.
    expect(Math.abs(figures['eval_retrieval_xx_en/es']! - toEnglish)).toBeLessThan(1.5 / n);
    expect(Math.abs(figures['eval_retrieval_en_xx/es']! - fromEnglish)).toBeLessThan(1.5 / n);
    expect(toEnglish).not.toBe(fromEnglish);
    const own = cosines.reduce((sum, row, i) => sum + row[i]!, 0) / n;
    const all = cosines.flat().reduce((sum, value) => sum + value, 0);
    expect(figures['eval_cosine_gap/es']).toBeCloseTo(own - (all - own * n) / (n * (n - 1)), 5);
  });

  it('is MEXA of the first hundred, weighted by position with <bos>, whatever the recipe pools', () => {
    const cosines = cosinesOf(100, { bos: true, weights: 'position' });
    const aligned = share(100, (i) =>
      [...cosines.keys()].every(
        (j) => j === i || (cosines[i]![i]! > cosines[i]![j]! && cosines[i]![i]! > cosines[j]![i]!),
      ),
    );
    expect(aligned).toBeGreaterThan(0.05);
    expect(aligned).toBeLessThan(0.95);
    expect(Math.abs(measured(sentences)['eval_mexa/es']! - aligned)).toBeLessThan(0.015);
  });

  it('finds translations that are the same sentence: everything 1, whichever comes first', () => {
    const same = {
      ...sentences.tokens,
      ids: (_: string, index: number) => sentences.tokens.ids('en', index),
    };
    const figures = measured({ ...sentences, ids: sentences.ids.slice(0, 20), tokens: same });
    for (const suffix of ['', '_std'])
      for (const name of ['eval_retrieval_xx_en', 'eval_retrieval_en_xx', 'eval_mexa'])
        expect(figures[`${name}${suffix}/es`], `${name}${suffix}`).toBe(1);
  });

  it('is nothing of a model whose hidden states are not finite: it says so', () => {
    const norm = model.parameter('layers.0.input_layernorm.weight');
    const before = norm.dataSync().slice();
    try {
      tf.tidy(() => norm.assign(tf.fill(norm.shape, Number.NaN)));
      expect(() => measured(sentences)).toThrow(
        "the model's hidden states after 2 blocks are not finite: sentences cannot be compared",
      );
    } finally {
      tf.tidy(() => norm.assign(tf.tensor(before, norm.shape, 'float32')));
    }
  });
});
