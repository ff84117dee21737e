import { describe, expect, it } from 'vitest';
import { compareResults, compareResultsBy } from '../../src/eval/compare.ts';
import { formatComparison } from '../../src/eval/compare-text.ts';
import { answered, made } from './made.ts';

/** Answers by language, `1` right: items q0, q1, .. of two options. */
function result(name: string, answers: Record<string, string>) {
  const items = Object.entries(answers).flatMap(([language, marks]) =>
    [...marks].map((mark, i) =>
      answered(mark === '1', { id: `q${i}`, language, metadata: { subject: i % 2 ? 'odd' : 'even' } }),
    ),
  );
  return { name, items };
}

describe('comparing two results', () => {
  const a = result('runs/a', { es: '1100', id: '1000' });
  const b = result('runs/b', { es: '1110', id: '0111' });

  it('gives each language and the mean: delta, interval, error, smallest effect, McNemar', () => {
    const { rows, averaged } = compareResults(a, b, { seed: 1 });
    expect(averaged).toEqual(['es', 'id']);
    expect(rows.map(({ label, n, nClusters }) => [label, n, nClusters])).toEqual([
      ['es', 4, 4],
      ['id', 4, 4],
      ['mean', 8, 4],
    ]);
    // es 2/4 -> 3/4; id 1/4 -> 3/4: the mean 3/8 -> 6/8.
    const [es, id, mean] = rows;
    expect(es!.accuracy).toMatchObject({ a: 0.5, b: 0.75, delta: 0.25 });
    expect(id!.accuracy).toMatchObject({ a: 0.25, b: 0.75, delta: 0.5 });
    expect(mean!.accuracy).toMatchObject({ a: 0.375, b: 0.75, delta: 0.375 });
    // es differences 0 0 1 0, mean 1/4: sqrt((3/16 + 9/16) / 3 / 4) = 1/4.
    expect(es!.accuracy.stderr).toBeCloseTo(0.25, 14);
    expect(es!.accuracy.mde).toBeCloseTo(2.8015852 / 4, 7);
    expect(mean!.mcnemar).toMatchObject({ both: 2, onlyA: 1, onlyB: 4, neither: 1 });
    // Binomial of 5 with 1: (1 + 5) / 32, twice; mid-p less 5 / 32.
    expect(mean!.mcnemar.exact).toBeCloseTo(12 / 32, 14);
    expect(mean!.mcnemar.midP).toBeCloseTo(7 / 32, 14);
    // Right: -1 of (-1, -2); wrong: -2. A change is a nat; over items as accuracy is.
    expect(mean!.choiceLogProb.delta).toBeCloseTo(0.375, 14);
  });

  it('pairs items by language and id, in whatever order they were scored', () => {
    const shuffled = { name: b.name, items: [...b.items].reverse() };
    expect(compareResults(a, shuffled, { seed: 1 })).toEqual(compareResults(a, b, { seed: 1 }));
  });

  it('finds nothing between a result and itself, and promises no effect that it would find', () => {
    const mean = compareResults(a, a, { seed: 1 }).rows.at(-1)!;
    expect(mean.accuracy).toMatchObject({ delta: 0, ci95: [0, 0] });
    expect(mean.accuracy.mde).toBeUndefined();
    expect(mean.mcnemar.midP).toBe(1);
  });

  it('takes both by the same metric, from their scores', () => {
    const scored = (bytes: number) =>
      made({ logprobs: [-4, -3], scores: [{ bytes: 4 }, { bytes }], cluster: 'q' });
    const of = (bytes: number) => ({ name: 'x', items: [scored(bytes)] });
    expect(compareResults(of(2), of(4), { seed: 1, metric: 'bytes' }).rows[0]!.accuracy).toMatchObject({
      a: 1, // -4/4 > -3/2
      b: 0, // -4/4 < -3/4
    });
  });

  it('splits by metadata', () => {
    const parts = compareResultsBy(a, b, 'subject', { seed: 1 });
    // Even: q0, q2. es 1 0 -> 1 1, id 1 0 -> 0 1.
    expect(parts.even!.rows.map(({ accuracy }) => accuracy.delta)).toEqual([0.5, 0, 0.25]);
    expect(Object.keys(parts)).toEqual(['even', 'odd']);
    expect(() => compareResultsBy(a, b, 'subjct', { seed: 1 })).toThrow(
      'no item says "subjct"; items can be split by subject. Did you mean subject?',
    );
  });

  it('refuses other items, with counts by language', () => {
    const less = result('runs/less', { es: '110', id: '1000', ko: '1' });
    expect(() => compareResults(a, less, { seed: 1 })).toThrow(
      [
        'only results of the same items can be compared: runs/a has 8 items, runs/less 8, and 7 are in both',
        '1 of es are in runs/a and not in runs/less: es q3',
        '1 of ko are in runs/less and not in runs/a: ko q0',
      ].join('\n'),
    );
  });

  it('refuses the same ids with another right option, and an item that is there twice', () => {
    const other = { name: 'runs/other', items: a.items.map((x) => ({ ...x, item: { ...x.item, gold: 1 } })) };
    expect(() => compareResults(a, other, { seed: 1 })).toThrow(
      '8 of 8 items of runs/a and runs/other have the same id, but other options, another right one',
    );
    const twice = { name: 'runs/twice', items: [...a.items, a.items[0]!] };
    expect(() => compareResults(twice, a, { seed: 1 })).toThrow(
      'runs/twice has 1 of 9 items more than once: es q0',
    );
  });

  it('warns of a result that cannot be told from chance', () => {
    const many = '1'.repeat(50);
    const { warnings } = compareResults(
      result('good', { es: many }),
      result('guess', { es: '10'.repeat(25) }),
      { seed: 1 },
    );
    expect(warnings).toEqual(['guess: accuracy is within noise of chance: es']);
  });

  it('is printed as a table with what its columns mean', () => {
    const text = formatComparison(compareResults(a, b, { seed: 1 }));
    const lines = text.split('\n');
    expect(lines.slice(0, 3)).toEqual(['A  runs/a', 'B  runs/b', 'metric sum']);
    expect(lines[4]).toMatch(/^ +items +questions +A +B +delta +95 % +MDE +A only +B only +mid-p +choice$/);
    expect(lines[7]).toMatch(/^mean +8 +4 +37\.50 +75\.00 +\+37\.50. +.* +1 +4 +0\.2188 +\+0\.3750/);
    expect(text).toContain('mean: unweighted, over es id');
    expect(text).toContain('warning: runs/a: accuracy is within noise of chance: es');
  });
});
