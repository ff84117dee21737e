import { describe, expect, it } from 'vitest';
import { contextGap, erasure } from '../../src/eval/context-bound.ts';
import { answered } from './made.ts';

/** Questions q0, q1, .. of `es`, right where the mark is 1. */
const result = (name: string, marks: string) => ({
  name,
  items: [...marks].map((mark, i) => answered(mark === '1', { id: `q${i}` })),
});
const forms = (name: string, without: string, named: string) => ({
  decontextualized: result(`${name} without`, without),
  contextualized: result(`${name} named`, named),
});
const options = { seed: 1 };

describe('naming the country', () => {
  it('helps by the difference of accuracies on the same questions', () => {
    const gap = contextGap(forms('UNALIGNED', '1100', '1110'), options).mean;
    expect(gap).toMatchObject({ n: 4, a: 0.5, b: 0.75, delta: 0.25 });
    expect(gap.ci95![0]).toBe(0);
  });

  it('is measured on the questions that have both forms', () => {
    expect(contextGap(forms('UNALIGNED', '10', '1111'), options).mean).toMatchObject({ n: 2, a: 0.5, b: 1 });
    expect(() => contextGap(forms('UNALIGNED', '1111', '10'), options)).toThrow(
      'only results of the same items can be compared',
    );
  });

  it('tells what is lost from what is suppressed: the two add up to localization', () => {
    // Without the country 3 of 4 become 1 of 4; with it 4 of 4 become 3: one question is lost, one suppressed.
    const found = erasure(forms('UNALIGNED', '1110', '1111'), forms('CLO', '1000', '1110'), options);
    expect(found.lost.mean).toMatchObject({ a: 1, b: 0.75, delta: -0.25 });
    expect(found.suppressed.mean.mean).toBe(-0.25);
    expect(found.lost.mean.delta + found.suppressed.mean.mean).toBe(-0.5);
  });

  it('takes each question for itself, in whatever order results have them', () => {
    const unaligned = forms('UNALIGNED', '1010', '1110');
    const clo = forms('CLO', '0110', '0110');
    const turned = {
      decontextualized: { ...clo.decontextualized, items: [...clo.decontextualized.items].reverse() },
      contextualized: clo.contextualized,
    };
    expect(erasure(unaligned, turned, options)).toEqual(erasure(unaligned, clo, options));
  });

  it('refuses models that were asked other questions', () => {
    expect(() => erasure(forms('UNALIGNED', '11', '11'), forms('CLO', '111', '111'), options)).toThrow(
      'only results of the same items can be compared: UNALIGNED without has 2 items, CLO without 3, and 2 are in both',
    );
  });
});
