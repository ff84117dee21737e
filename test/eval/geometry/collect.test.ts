import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryInfo, startBackend } from '../../../src/backend/index.ts';
import * as tf from '../../../src/backend/tfjs.ts';
import { hiddenStatesOf, type Reading, type ReadPosition } from '../../../src/eval/geometry/index.ts';
import { createGemma3, type Gemma3, presetConfig } from '../../../src/model/index.ts';

let model: Gemma3;
beforeAll(async () => {
  await startBackend({ name: 'torch', compute: 'float32' });
  model = createGemma3(presetConfig('tiny'), 3, {});
});
afterAll(() => model.dispose());

const reading = (language: string, id: string, length: number): Reading => ({
  ...{ language, id },
  ids: Int32Array.from({ length }, (_, i) =>
    i === 0 ? 2 : (7 * i + 31 * length + language.charCodeAt(0) + id.charCodeAt(0)) % 512,
  ),
});
const READINGS = [
  ...['a', 'b', 'c', 'd'].map((id, i) => reading('en', id, 4 + 3 * i)),
  ...['d', 'a', 'c', 'b'].map((id, i) => reading('ko', id, 9 - i)),
];

/** Hidden states of one text by itself, [T, D] of each block. */
function plain({ ids }: Reading): number[][][] {
  return tf.tidy(() => {
    const { taps } = model.forward({
      tokens_BT: tf.tensor2d(ids, [1, ids.length], 'int32'),
      taps: [0, 1, 2, 3],
    });
    return [0, 1, 2, 3].map((layer) => (taps.get(layer)!.arraySync() as number[][][])[0]!);
  });
}

/** The vector that stands for a text, from its tokens' by definition. */
function pooled(rows: number[][], position: ReadPosition): number[] {
  const weights = rows.map((_, t) => {
    if (position === 'last') return t === rows.length - 1 ? 1 : 0;
    if (position === 'mean') return t === 0 ? 0 : 1 / (rows.length - 1);
    return (t + 1) / ((rows.length * (rows.length + 1)) / 2);
  });
  return rows[0]!.map((_, d) => rows.reduce((sum, row, t) => sum + weights[t]! * row[d]!, 0));
}

describe('hidden states of texts', () => {
  it.each(['last', 'mean', 'weighted'] as const)(
    'are those of each text by itself, row by row (%s)',
    async (position) => {
      const states = await hiddenStatesOf(model, READINGS, { position, tokenBudget: 20 });
      expect(states).toMatchObject({ layers: 4, columns: 128, position });
      for (const one of READINGS) {
        const { ids, blocks } = states.byLanguage.get(one.language)!;
        const expected = plain(one);
        for (let layer = 0; layer < 4; layer++) {
          const row = ids.indexOf(one.id);
          const found = blocks[layer]!.subarray(row * 128, (row + 1) * 128);
          const wanted = pooled(expected[layer]!, position);
          for (const [d, value] of found.entries()) expect(Math.abs(value - wanted[d]!)).toBeLessThan(1e-4);
        }
      }
    },
  );

  it('have the questions of all languages in one order', async () => {
    const states = await hiddenStatesOf(model, READINGS, { position: 'last', tokenBudget: 100 });
    for (const language of ['en', 'ko'])
      expect(states.byLanguage.get(language)!.ids).toEqual(['a', 'b', 'c', 'd']);
  });

  it('do not depend on the order of texts, nor on what is read in one pass', async () => {
    const options = { position: 'mean' as const, tokenBudget: 1 };
    const alone = await hiddenStatesOf(model, READINGS, options);
    const together = await hiddenStatesOf(model, [...READINGS].reverse(), { ...options, tokenBudget: 1000 });
    for (const language of ['en', 'ko']) {
      const [a, b] = [alone, together].map((states) => states.byLanguage.get(language)!);
      for (const [row, id] of a!.ids.entries()) {
        const other = b!.ids.indexOf(id);
        for (let layer = 0; layer < 4; layer++)
          for (let d = 0; d < 128; d++) {
            const difference = a!.blocks[layer]![row * 128 + d]! - b!.blocks[layer]![other * 128 + d]!;
            expect(Math.abs(difference)).toBeLessThan(1e-4);
          }
      }
    }
  });

  it('tell of their progress, and leave no tensor behind, also when stopped', async () => {
    const before = memoryInfo().numTensors;
    const seen: number[] = [];
    const read = hiddenStatesOf(model, READINGS, {
      ...{ position: 'last', tokenBudget: 20 },
      between({ done, total }) {
        expect(total).toBe(8);
        seen.push(done);
        if (done > 5) throw new Error('stopped');
      },
    });
    await expect(read).rejects.toThrow('stopped');
    expect(seen.length).toBeGreaterThan(1);
    expect(memoryInfo().numTensors).toBe(before);
  });

  it('are refused where a question comes twice, or is empty', async () => {
    const options = { position: 'last' as const, tokenBudget: 20 };
    const twice = hiddenStatesOf(model, [READINGS[0]!, READINGS[0]!], options);
    await expect(twice).rejects.toThrow('the question a is there twice in en');
    const empty = hiddenStatesOf(model, [reading('en', 'e', 1)], options);
    await expect(empty).rejects.toThrow('the question e has no token in en');
  });
});
