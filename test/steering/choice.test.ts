import { describe, expect, it } from 'vitest';
import { choosePlace, type TriedPlace } from '../../src/steering/choice.ts';

/** Draws that are the value and so much to either side. */
const place = (layer: number, gamma: number, value: number, spread = 0, isAllowed = true): TriedPlace => ({
  ...{ layer, gamma, value, isAllowed },
  draws: [value - spread, value + spread],
});
const at = ({ layer, gamma }: { layer: number; gamma: number }) => [layer, gamma];

describe('the choice of a place', () => {
  it('is of the smoothed curve, on which a lucky layer is not the best', () => {
    // 0 0 9 0 6 7 6: alone layer 2 is highest; means over three neighbours are 0 3 3 5 4.33 6.33 6.5.
    const values = [0, 0, 9, 0, 6, 7, 6];
    const { curve, best } = choosePlace(
      values.map((value, layer) => place(layer, 1, value)),
      0,
      7,
    );
    const smooth = [0, 3, 3, 5, 13 / 3, 19 / 3, 6.5];
    for (const [layer, value] of smooth.entries()) expect(curve[layer]!.value).toBeCloseTo(value, 12);
    expect(best.layer).toBe(6);
  });

  it('has its error from resamples of the smoothed value', () => {
    // Layers that err alike err so together: draws of the mean are 1 - 3 and 1 + 3.
    const { best } = choosePlace([place(0, 1, 1, 3), place(1, 1, 1, 3)], 0, 2);
    expect(best.stderr).toBeCloseTo(Math.sqrt(18), 12);
    // Errors against each other go out.
    const other = { ...place(1, 1, 1), draws: [4, -2] };
    expect(choosePlace([place(0, 1, 1, 3), other], 0, 2).best.stderr).toBeCloseTo(0, 12);
  });

  it('is the smallest gamma within one error of the best, then the layer nearest the paper', () => {
    const far = [0, 4, 8];
    const tried = [1, 2].flatMap((gamma) => far.map((layer) => place(layer, gamma, 5 + gamma, 2)));
    const found = choosePlace(tried, 0.5, 9);
    expect(at(found.best)).toEqual([0, 2]);
    expect([found.within, at(found)]).toEqual([6, [4, 1]]);
    // Two errors below the best is not as good.
    const worse = tried.map((one) => (one.gamma === 1 ? place(one.layer, 1, 1, 2) : one));
    expect(at(choosePlace(worse, 0.5, 9))).toEqual([4, 2]);
    expect(at(choosePlace(worse, 1, 9))).toEqual([8, 2]);
  });

  it('leaves out what is not allowed, unless nothing is', () => {
    const tried = [place(0, 1, 9, 0, false), place(5, 1, 9, 0, false), place(10, 1, 2)];
    const found = choosePlace(tried, 0, 11);
    // Neighbours count in the smoothing all the same: they were measured.
    expect([at(found), found.value, found.areAllAllowed]).toEqual([[10, 1], 5.5, false]);
    expect(found.curve).toHaveLength(1);
    const none = tried.map((one) => ({ ...one, isAllowed: false }));
    expect([at(choosePlace(none, 0, 11)), choosePlace(none, 0, 11).areAllAllowed]).toEqual([[0, 1], true]);
  });
});
