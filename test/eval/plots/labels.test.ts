import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Box, placeLabels } from '../../../src/eval/plots/labels.ts';

const FRAME = { width: 400, height: 300 };
const named = (x: number, y: number, text: string) => ({ x, y, text, fontSize: 10, radius: 5 });
const overlaps = (a: Box, b: Box) =>
  Math.min(a.right, b.right) > Math.max(a.left, b.left) &&
  Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top);

describe('names beside points', () => {
  it('stand right beside a point that is alone, without a line', () => {
    const [place] = placeLabels([named(100, 100, 'MIST')], FRAME);
    expect(place!.box.left).toBeGreaterThan(105);
    expect(place!.box.left).toBeLessThan(112);
    expect(place!.leader).toBeUndefined();
  });

  it('cover neither each other nor a mark where points crowd, and then have lines', () => {
    const crowd = Array.from({ length: 8 }, (_, i) =>
      named(200 + 4 * (i % 3), 150 + 4 * Math.floor(i / 3), `CLO + SUR ${i}`),
    );
    const places = placeLabels(crowd, FRAME);
    for (const [i, { box }] of places.entries()) {
      for (const other of places.slice(i + 1)) expect(overlaps(box, other.box)).toBe(false);
      for (const { x, y } of crowd)
        expect(overlaps(box, { left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 })).toBe(false);
    }
    expect(places.some(({ leader }) => leader)).toBe(true);
  });

  it('keep off boxes that are taken', () => {
    const taken = { left: 100, top: 60, right: 400, bottom: 140 };
    const [place] = placeLabels([named(95, 100, 'MIDALIGN')], FRAME, { boxes: [taken] });
    expect(overlaps(place!.box, taken)).toBe(false);
  });

  it('never leave the frame, and are placed the same each time', () => {
    const anywhere = fc.record({ x: fc.integer({ min: 0, max: 400 }), y: fc.integer({ min: 0, max: 300 }) });
    fc.assert(
      fc.property(fc.array(anywhere, { minLength: 1, maxLength: 6 }), (points) => {
        const labels = points.map(({ x, y }, i) => named(x, y, `name ${i}`));
        const places = placeLabels(labels, FRAME);
        for (const { box } of places) {
          expect(box.left).toBeGreaterThanOrEqual(0);
          expect(box.top).toBeGreaterThanOrEqual(0);
          expect(box.right).toBeLessThanOrEqual(FRAME.width);
          expect(box.bottom).toBeLessThanOrEqual(FRAME.height);
        }
        expect(placeLabels(labels, FRAME)).toEqual(places);
      }),
      { numRuns: 40 },
    );
  });
});
