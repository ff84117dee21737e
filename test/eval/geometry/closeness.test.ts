import { describe, expect, it } from 'vitest';
import { matrix } from '../../../src/eval/alignment/index.ts';
import { closeness } from '../../../src/eval/geometry/index.ts';

/** The last dimension is a massive one: large, and the same in all. */
const EN = matrix([
  [1, 0, 50],
  [0, 1, 50],
  [-1, -1, 50],
]);

describe('a language against English in a layer', () => {
  it('is at one with English where it has the same vectors', () => {
    const { n, raw, standardized, anc } = closeness(EN, EN);
    expect(n).toBe(3);
    for (const figures of [raw, standardized!]) {
      expect(figures).toMatchObject({ retrieval_xx_en: 1, retrieval_en_xx: 1, mexa: 1 });
      expect(figures.cosine).toBeCloseTo(1, 12);
      expect(figures.cka).toBeCloseTo(1, 12);
    }
    expect(anc).toBeCloseTo(1, 12);
  });

  it('shows by standardised vectors what a massive dimension hides', () => {
    const mixed = matrix([
      [0, 1, 50],
      [-1, -1, 50],
      [1, 0, 50],
    ]);
    const { raw, standardized } = closeness(mixed, EN);
    expect(raw.cosine).toBeGreaterThan(0.99);
    expect(raw.cosine_gap).toBeGreaterThan(-0.01);
    // Each translation points away from its own: mean of cosines of the triangle's corners, -1/2 all in all.
    expect(standardized!.cosine).toBeLessThan(-0.3);
    expect(standardized).toMatchObject({ retrieval_xx_en: 0, retrieval_en_xx: 0, mexa: 0 });
  });

  it('leaves out what has no meaning where vectors do not change', () => {
    const still = matrix([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(closeness(still, EN)).toMatchObject({ raw: { cka: null, mexa: 0 }, anc: null });
    expect(closeness(still, still).standardized).toBeNull();
  });

  it('refuses what are no pairs', () => {
    expect(() => closeness(matrix([[1, 2, 3]]), EN)).toThrow('not pairs');
  });
});
