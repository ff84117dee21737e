import seedrandom from 'seedrandom';
import { beforeAll, describe, expect, it } from 'vitest';
import { memoryInfo, startBackend } from '../../../src/backend/index.ts';
import {
  compareProbes,
  type HiddenStates,
  heldOut,
  type ProbeItem,
  type Probes,
  probesOf,
} from '../../../src/eval/geometry/index.ts';

/** Of `made(1)`, seed 1. */
let found: Probes;
beforeAll(async () => {
  await startBackend({ name: 'torch', compute: 'float32' });
  found = await of(made(1));
});

const LANGUAGES = ['en', 'es', 'ko'];
const QUESTIONS = Array.from({ length: 40 }, (_, i) => `q${i}`);
const ITEMS: ProbeItem[] = LANGUAGES.flatMap((language) =>
  QUESTIONS.map((id) => ({ id, language, cluster: id, label: language })),
);

/** Block 0 is noise; in block 1 a dimension of 16 says the language, at the scale that is given. */
function made(scale: number, seed = 'a'): HiddenStates {
  const random = seedrandom(seed);
  const D = 16;
  const block = (isTold: boolean, l: number) =>
    Float32Array.from({ length: QUESTIONS.length * D }, (_, at) =>
      isTold && at % D === l ? scale * (1 + 0.1 * random()) : scale * 0.1 * random(),
    );
  const byLanguage = new Map(
    LANGUAGES.map((language, l) => [language, { ids: QUESTIONS, blocks: [block(false, l), block(true, l)] }]),
  );
  return { layers: 2, columns: D, position: 'last', byLanguage };
}
const of = async (states: HiddenStates, items = ITEMS, seed = 1) =>
  (await probesOf(states, items, { seed })) as Probes;

describe('linear probes of layers', () => {
  it('tell what can be told, and stay at chance on noise', async () => {
    const { classes, chance, layers } = found;
    expect(classes).toEqual(LANGUAGES);
    expect(chance).toBeCloseTo(1 / 3, 12);
    const [noise, told] = layers as [(typeof layers)[0], (typeof layers)[0]];
    expect(told.accuracy.mean.mean).toBe(1);
    expect(told.correct.every(Boolean)).toBe(true);
    const { mean, ci95 } = noise.accuracy.mean;
    expect(Math.abs(mean - 1 / 3)).toBeLessThan(0.2);
    expect(ci95![0]).toBeLessThan(1 / 3);
    expect(ci95![1]).toBeGreaterThan(1 / 3);
  });

  it('do not mind the scale of hidden states', async () => {
    for (const scale of [1e-3, 1e4])
      expect((await of(made(scale))).layers[1]!.accuracy.mean.mean, `${scale}`).toBe(1);
  });

  it('hold out whole questions, three in ten, the same for a seed whatever the order', async () => {
    const { train, heldOut: held } = found;
    const questions = new Set(held.map(({ cluster }) => cluster));
    expect(questions.size).toBe(12);
    expect(held).toHaveLength(36);
    expect(train).toBe(120 - 36);
    expect(heldOut([...ITEMS].reverse(), 1)).toEqual(questions);
    expect(heldOut(ITEMS, 2)).not.toEqual(questions);
  });

  it('cannot tell what stands on one side of the split alone: a label that goes with the question', async () => {
    // Each question is its own label: nothing that was learnt can be tried.
    const own = ITEMS.map((item) => ({ ...item, label: item.cluster }));
    expect(await probesOf(made(1), own, { seed: 1 })).toBeUndefined();
    expect(
      await probesOf(
        made(1),
        ITEMS.filter(({ label }) => label === 'en'),
        { seed: 1 },
      ),
    ).toBeUndefined();
  });

  it('split each region among its own questions, so that a rare one is tried too', () => {
    const items = [...Array(30)].map((_, i) => ({ cluster: `${i}`, label: i < 4 ? 'Greece' : 'Spain' }));
    for (const seed of [1, 2, 3, 4, 5]) {
      const held = heldOut(items, seed);
      expect(items.filter(({ cluster, label }) => label === 'Greece' && held.has(cluster))).toHaveLength(1);
      expect(held.size).toBe(1 + 8);
    }
  });

  it('count each class alike, so that always saying the same comes to chance', async () => {
    // No dimension changes in block 0: the probe says the class that it met most.
    const still = made(1);
    const uneven = ITEMS.filter(({ language, id }) => language === 'en' || QUESTIONS.indexOf(id) % 2 === 0);
    for (const { blocks } of still.byLanguage.values()) blocks[0]!.fill(1);
    const { layers } = await of(still, uneven);
    expect(layers[0]!.accuracy.mean.mean).toBeCloseTo(1 / 3, 12);
    expect(layers[0]!.accuracy.byClass.en!.mean).toBe(1);
  });

  it('say the same each time, and leave no tensor behind', async () => {
    const before = memoryInfo().numTensors;
    expect(await of(made(1))).toEqual(found);
    expect(memoryInfo().numTensors).toBe(before);
  });
});

describe('the probes of two models', () => {
  it('differ by what one of them has removed, layer by layer, with an interval', async () => {
    const [before, after] = [found, await of({ ...made(1), byLanguage: erased(made(1)) })];
    const [noise, told] = compareProbes(before, after, { seed: 1 });
    expect(told!.mean.a).toBe(1);
    expect(told!.mean.delta).toBeLessThan(-0.4);
    expect(told!.mean.ci95![1]).toBeLessThan(-0.2);
    expect(noise!.mean.delta).toBe(0);
    expect(Object.keys(told!.byClass)).toEqual(LANGUAGES);
  });

  it('are paired by item, in whatever order they are', async () => {
    const a = found;
    const order = a.heldOut.map((_, i) => i).reverse();
    const b: Probes = {
      ...a,
      heldOut: order.map((i) => a.heldOut[i]!),
      layers: a.layers.map((layer) => ({ ...layer, correct: order.map((i) => layer.correct[i]!) })),
    };
    for (const { mean } of compareProbes(a, b, { seed: 1 }))
      expect(mean).toMatchObject({ delta: 0, stderr: 0 });
  });

  it('are refused where they are of other questions or layers', async () => {
    const a = found;
    const other = await of(made(1), ITEMS, 2);
    expect(() => compareProbes(a, other, { seed: 1 })).toThrow('only probes of the same questions');
    expect(() => compareProbes(a, { ...a, layers: a.layers.slice(1) }, { seed: 1 })).toThrow(
      '2 and of 1 layers',
    );
  });
});

/** Block 1 without what told the language. */
function erased({ byLanguage }: HiddenStates): HiddenStates['byLanguage'] {
  return new Map(
    [...byLanguage].map(([language, { ids, blocks }]) => [
      language,
      { ids, blocks: [blocks[0]!, blocks[0]!] },
    ]),
  );
}
