import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOrder, permutation } from '../../src/data/order.ts';

const collect = (seed: number, rows: number, batch: number, steps: number[]): number[][] => {
  const order = createOrder(seed, rows, batch);
  return steps.map((step) => [...order.at(step).rows]);
};

describe('createOrder', () => {
  it('passes over every row exactly once in each epoch, whatever the sizes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 70 }),
        fc.nat(),
        (rows, batch, seed) => {
          const order = createOrder(seed, rows, batch);
          for (const epoch of [0, 1, 5]) {
            const seen: number[] = [];
            for (let i = 0; i < order.stepsPerEpoch; i++) {
              const step = order.at(epoch * order.stepsPerEpoch + i);
              expect(step.epoch).toBe(epoch);
              seen.push(...step.rows);
            }
            expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
          }
        },
      ),
    );
  });

  it('keeps the last partial batch', () => {
    const order = createOrder(0, 10, 4);
    expect(order.stepsPerEpoch).toBe(3);
    expect([0, 1, 2].map((step) => order.at(step).rows.length)).toEqual([4, 4, 2]);
  });

  it('gives a step the same rows whether or not the steps before it were asked for', () => {
    const steps = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const straight = collect(3, 10, 4, steps);
    const backwards = collect(3, 10, 4, steps.toReversed()).reverse();
    expect(backwards).toEqual(straight);
    expect(collect(3, 10, 4, [7])[0]).toEqual(straight[7]);
  });

  it('orders epochs, seeds and streams differently', () => {
    const first = permutation(50, '1/train/0');
    for (const key of ['1/train/1', '2/train/0', '1/align/0'])
      expect(permutation(50, key)).not.toEqual(first);
  });

  it('is pinned: runs made by earlier versions resume in the same order', () => {
    expect([...permutation(8, '1/train/0')]).toEqual([6, 3, 7, 1, 5, 0, 2, 4]);
  });

  it('puts every row first about equally often', () => {
    const counts = new Array(5).fill(0);
    for (let key = 0; key < 5000; key++) counts[permutation(5, String(key))[0]!]++;
    // 1000 expected, standard deviation 28.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(140);
  });
});
