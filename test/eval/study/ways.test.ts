import { describe, expect, it } from 'vitest';
import { studyWays } from '../../../src/eval/study/ways.ts';
import { rowNorms } from '../../../src/steering/identity.ts';
import { madeVector } from '../../steering/made.ts';

const en = madeVector({ es: [1, 2, 2, 0, 3, 4], ko: [2, 0, 0, 0, 0, 5] }, { facts: { kind: 'en' } });
const loc = madeVector({ es: [0, 1, 0, 1, 0, 0], ko: [1, 1, 1, 2, 2, 2] }, { facts: { kind: 'loc' } });
const CHOSEN = {
  en: { vector: en, layer: 0, gamma: 0.5, tokens: 'prompt_end' },
  loc: { vector: loc, layer: 1, gamma: 2, tokens: 'prompt_end' },
} as const;
const ALL = { random: 2, wrongCountry: true, doses: [0, 0.5, 1, 2] };

describe('the ways in which Test is asked', () => {
  const ways = studyWays('sur', CHOSEN, ALL, 7);
  const way = (folder: string) => ways.find((one) => one.folder === folder)!;

  it('are the model as it is, each vector by itself, both, and the controls, each in a folder', () => {
    expect(ways.map(({ folder, role }) => `${role}: ${folder}`)).toEqual([
      'none: none',
      'part: en',
      'part: loc',
      'steered: sur',
      'dose: controls/dose-0.5',
      'dose: controls/dose-2',
      'other: controls/other-country',
      'random: controls/random-1',
      'random: controls/random-2',
    ]);
    expect(ways.map(({ label }) => label).slice(0, 5)).toEqual(['none', 'EN@0', 'LOC@1', 'SUR', 'SUR x0.5']);
    expect(new Set(ways.map(({ label }) => label)).size).toBe(ways.length);
  });

  it('steer by nothing, one, or both', () => {
    expect(way('none').steps).toEqual([]);
    expect(way('en').steps).toEqual([CHOSEN.en]);
    expect(way('sur').steps).toEqual([CHOSEN.en, CHOSEN.loc]);
  });

  it('multiply the gamma of each step by a dose', () => {
    expect(way('controls/dose-2').steps.map(({ gamma, layer }) => [layer, gamma])).toEqual([
      [0, 1],
      [1, 4],
    ]);
  });

  it('leave EN alone where LOC is of another country', () => {
    const [first, second] = way('controls/other-country').steps;
    expect(first).toEqual(CHOSEN.en);
    expect(second!.vector.vectors_LD.get('es')).toEqual(loc.vectors_LD.get('ko'));
    expect([second!.layer, second!.gamma]).toEqual([1, 2]);
  });

  it('have random directions of equal length at the same places, none like another', () => {
    const both = [way('controls/random-1'), way('controls/random-2')];
    for (const { steps } of both)
      for (const [i, { vector, layer, gamma }] of steps.entries()) {
        const given = Object.values(CHOSEN)[i]!;
        expect([layer, gamma]).toEqual([given.layer, given.gamma]);
        for (const language of ['es', 'ko'])
          for (const [l, norm] of rowNorms(vector.vectors_LD.get(language)!, 3).entries())
            expect(norm).toBeCloseTo(rowNorms(given.vector.vectors_LD.get(language)!, 3)[l]!, 5);
      }
    const identities = both.flatMap(({ steps }) => steps.map(({ vector }) => vector.identity));
    expect(new Set(identities).size).toBe(4);
  });

  it('of EN alone have no other country, and no parts', () => {
    const found = studyWays('en', { en: CHOSEN.en }, ALL, 7);
    expect(found.map(({ role }) => role)).toEqual(['none', 'steered', 'dose', 'dose', 'random', 'random']);
  });

  it('have none but the two without controls', () => {
    const found = studyWays('loc', { loc: CHOSEN.loc }, { random: 0, wrongCountry: false, doses: [] }, 7);
    expect(found.map(({ folder }) => folder)).toEqual(['none', 'loc']);
  });
});
