import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { perpendicularity, perpendicularityByLayer } from '../../src/steering/perpendicularity.ts';
import { madeVector } from './made.ts';

describe('perpendicularity', () => {
  it('is 90 of perpendicular vectors, and 0 of parallel and of opposite ones', () => {
    expect(perpendicularity([2, 0], [0, 5])).toBe(90);
    expect(perpendicularity([1, 2], [2, 4])).toBeCloseTo(0, 5);
    expect(perpendicularity([1, 2], [-1, -2])).toBeCloseTo(0, 5);
  });

  it('is the angle to the nearer end of the line: 60 for 60 and for 120 degrees', () => {
    expect(perpendicularity([1, 0], [1, Math.sqrt(3)])).toBeCloseTo(60, 10);
    expect(perpendicularity([1, 0], [-1, Math.sqrt(3)])).toBeCloseTo(60, 10);
  });

  it('does not exist of a vector of zeros', () => {
    expect(perpendicularity([0, 0], [1, 0])).toBeNull();
    expect(perpendicularity([1, 0], [0, 0])).toBeNull();
  });

  it('is a number from 0 to 90 whatever rounds', () => {
    const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(numbers, fc.double({ min: -9, max: 9, noNaN: true }), (a, scale) => {
        const b = a.map((x) => x * scale);
        const found = perpendicularity(a, b);
        expect(found === null || (found >= 0 && found <= 90)).toBe(true);
      }),
    );
  });
});

describe('perpendicularity of two steering vectors', () => {
  const en = madeVector({ es: [1, 0, 0, 1, 0, 0], ko: [1, 1, 0, 0, 0, 1] });
  const loc = madeVector({ ko: [1, -1, 0, 0, 0, 2], zh: [1, 2, 3, 4, 5, 6] });

  it('has a figure for each block of the languages that both have', () => {
    const found = perpendicularityByLayer(en, loc);
    expect([...found.keys()]).toEqual(['ko']);
    expect(found.get('ko')![0]).toBeCloseTo(90, 10);
    expect(found.get('ko')![1]).toBeCloseTo(0, 5);
  });

  it('is refused of vectors of different models, and of no common language', () => {
    const model = { ...loc.facts.model, weights: 'sha256:other' };
    expect(() => perpendicularityByLayer(en, { ...loc, facts: { ...loc.facts, model } })).toThrow(UserError);
    expect(() => perpendicularityByLayer(en, madeVector({ zh: [1, 2, 3, 4, 5, 6] }))).toThrow(
      'no language in common: es, ko and zh',
    );
  });
});
