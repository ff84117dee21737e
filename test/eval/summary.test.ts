import { describe, expect, it } from 'vitest';
import { summarize, summarizeBy } from '../../src/eval/summary.ts';
import { answered, made } from './made.ts';

describe('a summary', () => {
  it('holds chance as the mean of 1 / options', () => {
    const items = [
      made({ id: 'a', logprobs: [-1, -2] }),
      made({ id: 'b', logprobs: [-1, -2, -3, -4] }),
      made({ id: 'c', language: 'id', logprobs: [-1, -2, -3, -4, -5] }),
    ];
    const { chance } = summarize(items, 'sum', { seed: 1 });
    // es: (1/2 + 1/4) / 2; id: 1/5; over languages (3/8 + 1/5) / 2.
    expect(chance).toEqual({ byLanguage: { es: 3 / 8, id: 1 / 5 }, mean: (3 / 8 + 1 / 5) / 2 });
  });

  it('counts ties, has accuracy with and without them, and warns of many', () => {
    const items = [
      made({ id: 'a', logprobs: [-1, -1] }),
      made({ id: 'b', logprobs: [-1, -1], gold: 1 }),
      made({ id: 'c', logprobs: [-2, -1, -1, -1], gold: 0 }),
      made({ id: 'd', logprobs: [-1, -2] }),
    ];
    const found = summarize(items, 'sum', { seed: 1 });
    expect(found.ties).toEqual({ es: 3 });
    expect(found.accuracy.mean.mean).toBe(2 / 4);
    // 1/2 + 1/2 + 0 + 1.
    expect(found.expected.mean.mean).toBe(2 / 4);
    expect(found.warnings.join('\n')).toContain('3 of 4 items have several options with the largest value');
  });

  it('says that accuracy is below chance, or not to be told from it', () => {
    const of = (marks: string) => [...marks].map((mark, i) => answered(mark === '1', { id: `q${i}` }));
    expect(summarize(of('0'.repeat(30)), 'sum', { seed: 1 }).warnings[0]).toBe(
      'accuracy is below chance: es',
    );
    expect(summarize(of('01'.repeat(15)), 'sum', { seed: 1 }).warnings[0]).toBe(
      'accuracy is within noise of chance: es',
    );
    expect(summarize(of('1'), 'sum', { seed: 1 }).warnings[0]).toBe(
      'accuracy of a single question has no interval: es',
    );
    expect(summarize(of('1'.repeat(30)), 'sum', { seed: 1 }).warnings).toEqual([]);
    // Two of two: the bootstrap's interval is a point, and shows nothing.
    expect(summarize(of('11'), 'sum', { seed: 1 }).warnings[0]).toBe(
      'accuracy is within noise of chance: es',
    );
  });

  it('has the share of the US and the UK over the questions that offer it', () => {
    const items = ['Spain|US', 'Spain|UK', 'Spain|China'].map((countries, i) =>
      made({
        id: `q${i}`,
        logprobs: i === 0 ? [-2, -1, -3] : [-1, -2, -3],
        metadata: { countries: `${countries}|Iran` },
      }),
    );
    expect(summarize(items, 'sum', { seed: 1 }).english!.mean).toMatchObject({
      n: 2,
      nClusters: 2,
      mean: 0.5,
    });
    expect(summarize(items.slice(2), 'sum', { seed: 1 })).not.toHaveProperty('english');
  });

  it('is made of each part that metadata tell apart, the rest being unlabelled', () => {
    const items = ['CA', 'CS', 'CA', ''].map((culture, i) =>
      answered(i > 0, { id: `q${i}`, metadata: { culture } }),
    );
    const parts = summarizeBy(items, 'culture', 'sum', { seed: 1, averaged: ['es'] });
    expect(Object.entries(parts).map(([name, { n, accuracy }]) => [name, n, accuracy.mean.mean])).toEqual([
      ['CA', 2, 0.5],
      ['CS', 1, 1],
      ['unlabelled', 1, 1],
    ]);
  });
});
