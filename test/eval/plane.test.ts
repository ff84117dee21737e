import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plane, planeChange } from '../../src/eval/plane.ts';
import { average } from '../../src/eval/statistics.ts';
import { answered } from './made.ts';

describe('the plane of a table', () => {
  const before = { universal: { es: 60, ko: 50 }, cultural: { es: 40, ko: 45 } };

  it('is what each language gains or loses, and the unweighted mean', () => {
    const found = planeChange(before, { universal: { es: 63, ko: 52 }, cultural: { es: 38, ko: 44.5 } });
    expect(found).toEqual({
      transfer: { byLanguage: { es: 3, ko: 2 }, mean: 2.5 },
      localization: { byLanguage: { es: -2, ko: -0.5 }, mean: -1.25 },
    });
  });

  it('leaves English out of means, and lets it be on one axis only', () => {
    const english = { ...before, universal: { ...before.universal, en: 70 } };
    const found = planeChange(english, { ...before, universal: { es: 61, ko: 51, en: 99 } });
    expect(found.transfer).toEqual({ byLanguage: { es: 1, ko: 1, en: 29 }, mean: 1 });
    expect(found.localization).toEqual({ byLanguage: { es: 0, ko: 0 }, mean: 0 });
  });

  it('refuses tables of other languages', () => {
    expect(() => planeChange(before, { ...before, cultural: { es: 1, el: 1 } })).toThrow(
      'the plane needs the same languages in all results, found es, ko and el, es',
    );
  });
});

describe('the plane of results', () => {
  const items = (answers: Record<string, string>) =>
    Object.entries(answers).flatMap(([language, marks]) =>
      [...marks].map((mark, i) => answered(mark === '1', { id: `q${i}`, language })),
    );
  const results = (name: string, universal: Record<string, string>, cultural: Record<string, string>) => ({
    name,
    universal: { name: `${name} universal`, items: items(universal) },
    cultural: { name: `${name} cultural`, items: items(cultural) },
  });
  const unaligned = results('UNALIGNED', { es: '1100', ko: '0000', en: '1111' }, { es: '11', ko: '10' });

  it('is the change of accuracy on the same items, with intervals', () => {
    // Transfer: es 2/4 -> 3/4, ko 0 -> 1/4: +1/4. Localization: es 1 -> 1/2, ko the same: -1/4.
    const clo = results('CLO', { es: '1101', ko: '0100', en: '0000' }, { es: '10', ko: '10' });
    const [point] = plane(unaligned, [clo], { seed: 1 });
    expect(point!.transfer.mean).toMatchObject({ n: 8, nClusters: 4, a: 0.25, b: 0.5, delta: 0.25 });
    expect(point!.transfer.byLanguage.en).toMatchObject({ a: 1, b: 0, delta: -1 });
    expect(point!.localization.mean).toMatchObject({ n: 4, nClusters: 2, a: 0.75, b: 0.5, delta: -0.25 });
    // q0 unchanged, q1 -1/2: resamples are 0, -1/4 or -1/2.
    expect(point!.localization.mean.ci95).toEqual([-0.5, 0]);
  });

  it('refuses a model that was asked other items, and axes of other languages', () => {
    const less = results('CLO', { es: '110', ko: '000', en: '111' }, { es: '11', ko: '10' });
    expect(() => plane(unaligned, [less], { seed: 1 })).toThrow(
      'only results of the same items can be compared',
    );
    const other = results('UNALIGNED', { es: '1' }, { ko: '1' });
    expect(() => plane(other, [other], { seed: 1 })).toThrow('found es and ko');
  });
});

const TABLE = join(import.meta.dirname, '../../../shared/reference/table3.csv');
describe.skipIf(!existsSync(TABLE))("the paper's table 3 (../shared/reference/table3.csv)", () => {
  const lines = existsSync(TABLE) ? readFileSync(TABLE, 'utf8').trim().split('\n') : [];
  const languages = lines[0]?.split(',').slice(4) ?? [];
  const rows = new Map<string, { all: number; byLanguage: Record<string, number> }>(
    lines.slice(1).map((line) => {
      const [bench, model, steering, all, ...accuracies] = line.split(',');
      const byLanguage = Object.fromEntries(languages.map((code, i) => [code, Number(accuracies[i])]));
      return [`${bench} ${model} ${steering}`, { all: Number(all), byLanguage }];
    }),
  );
  const names = [...rows.keys()].filter((key) => key.startsWith('GMMLU ')).map((key) => key.slice(6));
  const of = (name: string) => ({
    universal: rows.get(`GMMLU ${name}`)!,
    cultural: rows.get(`BLEND ${name}`)!,
  });
  const accuracies = (name: string) => ({
    universal: of(name).universal.byLanguage,
    cultural: of(name).cultural.byLanguage,
  });

  it('has averages that are unweighted means of its languages', () => {
    expect(rows.size).toBe(40);
    for (const [name, { all, byLanguage }] of rows)
      expect(Math.abs(average(Object.values(byLanguage)) - all), name).toBeLessThanOrEqual(0.01);
  });

  it('has every change against UNALIGNED, to the last digit that is printed', () => {
    const base = of('UNALIGNED none');
    for (const name of names) {
      const { transfer, localization } = planeChange(accuracies('UNALIGNED none'), accuracies(name));
      // Two averages, each rounded by half a hundredth.
      const difference = (axis: 'universal' | 'cultural') => of(name)[axis].all - base[axis].all;
      expect(Math.abs(transfer.mean - difference('universal')), name).toBeLessThan(0.0101);
      expect(Math.abs(localization.mean - difference('cultural')), name).toBeLessThan(0.0101);
    }
  });

  it.each([
    ['MIDALIGN none', 2.32, -2.69],
    ['CLO none', 1.93, -3.36],
    ['MIST none', 0.88, -0.74],
    ['UNALIGNED en@20', 0.28, -0.6],
  ])('puts %s at transfer %f and localization %f', (name, transfer, localization) => {
    const found = planeChange(accuracies('UNALIGNED none'), accuracies(name));
    expect(Math.abs(found.transfer.mean - transfer)).toBeLessThan(0.0101);
    expect(Math.abs(found.localization.mean - localization)).toBeLessThan(0.0101);
  });
});
