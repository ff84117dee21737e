import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import { bootstrap, percentile95, quantile } from '../../src/eval/bootstrap.ts';
import { clusterSums, type Measure } from '../../src/eval/cluster-sums.ts';
import { minimalDetectableEffect } from '../../src/eval/standard-error.ts';
import { estimate } from '../../src/eval/statistics.ts';

/** `es q1 1 1`: two items of question q1 in Spanish, both right. */
function measuresOf(...lines: string[]): Measure[] {
  return lines.flatMap((line) => {
    const [language, cluster, ...values] = line.split(' ');
    return values.map((value, i) => ({
      id: `${cluster}_${i}`,
      language: language!,
      cluster: cluster!,
      value: Number(value),
    }));
  });
}

/** Questions in some of three languages, one to three variants each. */
function randomMeasures(clusters: number, seed: string): Measure[] {
  const random = seedrandom(seed);
  const lines = Array.from({ length: clusters }, (_, c) => {
    const ease = random();
    return ['es', 'id', 'ko'].map((language) => {
      const n = Math.floor(random() * 3) + (language === 'ko' ? 0 : 1);
      return [language, `q${c}`, ...Array.from({ length: n }, () => Number(random() < ease))].join(' ');
    });
  });
  return measuresOf(...lines.flat());
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('means', () => {
  // es: (1 + 1 + 0 + 0) / 4 = 1/2; id: 1 / 1; over languages 3/4, though four of five items are Spanish.
  const uneven = measuresOf('es q1 1 1', 'es q2 0 0', 'id q1 1', 'en q1 0', 'en q2 0');

  it('are of languages, unweighted by their items, and English is not among them unless it is alone or asked for', () => {
    const found = estimate(uneven, { seed: 1 });
    expect(found.averaged).toEqual(['es', 'id']);
    expect(found.mean).toMatchObject({ n: 5, nClusters: 2, mean: 0.75 });
    expect(found.byLanguage.es).toMatchObject({ n: 4, nClusters: 2, mean: 0.5 });
    expect(found.byLanguage.en).toMatchObject({ n: 2, nClusters: 2, mean: 0 });
    expect(estimate(uneven, { seed: 1, averaged: ['es', 'en'] }).mean.mean).toBe(0.25);
    expect(estimate(measuresOf('en q1 1', 'en q2 0'), { seed: 1 }).averaged).toEqual(['en']);
  });

  it('have no error and no interval of one question', () => {
    expect(estimate(measuresOf('es q1 1'), { seed: 1 }).mean).toEqual({ n: 1, nClusters: 1, mean: 1 });
  });

  it('refuse too few resamples, no items, and languages that are not there', () => {
    expect(() => estimate(uneven, { seed: 1, resamples: 999 })).toThrow('at least 1000 resamples');
    expect(() => estimate([], { seed: 1 })).toThrow('there are no items');
    expect(() => estimate(uneven, { seed: 1, averaged: ['es', 'ko'] })).toThrow('there are en, es, id');
  });
});

describe('standard errors', () => {
  it('are larger where the items of a question are alike', () => {
    const { es } = estimate(measuresOf('es q1 1 1', 'es q2 0 0'), { seed: 1 }).byLanguage;
    // lm-eval: sqrt(4 (1/2)^2 / 3 / 4) = sqrt(1/12).
    expect(es!.naiveStderr).toBeCloseTo(Math.sqrt(1 / 12), 14);
    // Residuals of the clusters: (2 - 1) / 4 and (0 - 1) / 4; sqrt(2 / 1 (1/16 + 1/16)) = 1/2.
    expect(es!.stderr).toBeCloseTo(0.5, 14);
  });

  it("are lm-eval's where each item is a question of its own", () => {
    // Mean 1/4; squares 9/16 + 3/16 = 3/4; sqrt(3/4 / 3 / 4) = 1/4.
    const { es } = estimate(measuresOf('es q1 1', 'es q2 0', 'es q3 0', 'es q4 0'), { seed: 1 }).byLanguage;
    expect(es!.naiveStderr).toBeCloseTo(0.25, 14);
    expect(es!.stderr).toBeCloseTo(0.25, 14);
  });

  it('add the languages of a question before they square', () => {
    // u1 = 1/2 ((1 - 1/2) / 2 + (1 - 1/2) / 2) = 1/4, u2 = -1/4: sqrt(2 (1/16 + 1/16)) = 1/2.
    const alike = estimate(measuresOf('es q1 1', 'es q2 0', 'id q1 1', 'id q2 0'), { seed: 1 }).mean;
    expect(alike.stderr).toBeCloseTo(0.5, 14);
    // As if languages were independent: sqrt(1/4 + 1/4) / 2, each being sqrt(1/2 / 1 / 2) = 1/2.
    expect(alike.naiveStderr).toBeCloseTo(Math.SQRT1_2 / 2, 14);
    // Opposite answers: u1 = 1/2 (1/4 - 1/4) = 0.
    expect(estimate(measuresOf('es q1 1', 'es q2 0', 'id q1 0', 'id q2 1'), { seed: 1 }).mean.stderr).toBe(0);
  });

  it('give the smallest difference that is found: (1.960 + 0.842) errors', () => {
    expect(minimalDetectableEffect(0.5)).toBeCloseTo(1.40079, 5);
    expect(minimalDetectableEffect(0)).toBeUndefined();
    expect(minimalDetectableEffect(undefined)).toBeUndefined();
  });
});

describe('the clustered bootstrap', () => {
  it('draws questions with all their items and languages, then takes the mean of language means', () => {
    // q1 twice (1/4): es 1, id 1: 1. q2 twice (1/4): 0. One of each (1/2): es 2/3, id 1/2: 7/12.
    const table = clusterSums(measuresOf('es q1 1 1', 'es q2 0', 'id q1 1', 'id q2 0'));
    const { byLanguage, mean: means } = bootstrap(table, [0, 1], 4000, 'a');
    const share = (value: number) => means.filter((x) => Math.abs(x - value) < 1e-12).length / 4000;
    expect(share(1) + share(0) + share(7 / 12)).toBe(1);
    expect(share(7 / 12)).toBeGreaterThan(0.46);
    expect(share(7 / 12)).toBeLessThan(0.54);
    expect(share(1)).toBeGreaterThan(0.22);
    expect(share(1)).toBeLessThan(0.28);
    expect(new Set(byLanguage[0])).toEqual(new Set([1, 0, 2 / 3]));
  });

  it('leaves a language out of the mean of a resample that has none of its items', () => {
    const { byLanguage, mean: means } = bootstrap(
      clusterSums(measuresOf('es q1 1', 'id q2 0')),
      [0, 1],
      200,
      'a',
    );
    for (const [r, value] of means.entries()) {
      const [es, id] = [byLanguage[0]![r]!, byLanguage[1]![r]!];
      expect(value).toBe(Number.isNaN(es) ? 0 : Number.isNaN(id) ? 1 : 0.5);
    }
  });

  it('takes quantiles between values in proportion', () => {
    const five = Float64Array.from([4, 0, 2, 1, 3]);
    // 0.025 x 4 = 0.1 and 0.975 x 4 = 3.9 of the way from 0 to 4.
    expect(percentile95(five)).toEqual([expect.closeTo(0.1, 14), expect.closeTo(3.9, 14)]);
    expect(quantile(Float64Array.from([7]), 0.975)).toBe(7);
  });

  it('equals a slow one that copies items, draw by draw', () => {
    const measures = randomMeasures(30, 'slow');
    const clusters = [...new Set(measures.map(({ cluster }) => cluster))].sort();
    const random = seedrandom.alea('5/bootstrap');
    const slow = Array.from({ length: 1000 }, () => {
      const drawn = clusters.map(() => clusters[Math.floor(random() * clusters.length)]!);
      const items = drawn.flatMap((name) => measures.filter(({ cluster }) => cluster === name));
      return mean(
        ['es', 'id', 'ko'].map((code) =>
          mean(items.filter(({ language }) => language === code).map(({ value }) => value)),
        ),
      );
    }).sort((a, b) => a - b);
    const at = (q: number) => {
      const [low, part] = [Math.floor(q * 999), (q * 999) % 1];
      return slow[low]! * (1 - part) + slow[low + 1]! * part;
    };
    const [low, high] = estimate(measures, { seed: 5 }).mean.ci95!;
    expect([low, high]).toEqual([expect.closeTo(at(0.025), 12), expect.closeTo(at(0.975), 12)]);
  });

  it('is the same whether or not all questions have as many items in a language', () => {
    // A third language that is not in all questions takes the other path, and must not change the first two.
    const even = ['es q1 1', 'es q2 0', 'es q3 1', 'id q1 1', 'id q2 1', 'id q3 0'];
    const alone = bootstrap(clusterSums(measuresOf(...even)), [0, 1], 300, 'a');
    const beside = bootstrap(clusterSums(measuresOf(...even, 'ko q1 1')), [0, 1], 300, 'a');
    expect(beside.mean).toEqual(alone.mean);
    expect(beside.byLanguage.slice(0, 2)).toEqual(alone.byLanguage);
  });

  it('agrees with the error by formula on many questions', () => {
    const { mean: found } = estimate(randomMeasures(600, 'many'), { seed: 3, resamples: 4000 });
    const [low, high] = found.ci95!;
    expect((high - low) / (2 * 1.96 * found.stderr!)).toBeGreaterThan(0.95);
    expect((high - low) / (2 * 1.96 * found.stderr!)).toBeLessThan(1.05);
    expect(found.stderr).toBeGreaterThan(found.naiveStderr!);
  });

  it('is the same for a seed, whatever the order of items, and another for another', () => {
    const measures = randomMeasures(40, 'order').map((measure, i) => ({ ...measure, value: -Math.sqrt(i) }));
    const found = estimate(measures, { seed: 1 });
    expect(estimate([...measures].reverse(), { seed: 1 })).toEqual(found);
    expect(estimate(measures, { seed: 2 }).mean.ci95).not.toEqual(found.mean.ci95);
  });

  it('takes 14,042 questions in 7 languages in under 5 s', () => {
    const random = seedrandom('speed');
    const measures = ['ar', 'el', 'en', 'es', 'id', 'ko', 'zh'].flatMap((language) =>
      Array.from({ length: 14_042 }, (_, i) => ({
        id: `${i}`,
        cluster: `${i}`,
        language,
        value: +(random() < 0.6),
      })),
    );
    const start = process.cpuUsage();
    estimate(measures, { seed: 1 });
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1e6).toBeLessThan(5);
  });
});
