import { describe, expect, it } from 'vitest';
import { requireFit } from '../../src/steering/fit.ts';
import { madeVector } from './made.ts';

const vector = madeVector({ es: [1, 2, 3, 4, 5, 6] });
const step = { vector, layer: 1, gamma: 2, tokens: 'prompt_end' as const };
const model = { name: 'runs/a', config: { numHiddenLayers: 2, hiddenSize: 3 }, weights: 'w' };

describe('a vector fits a model', () => {
  it('that it was taken from', () => {
    expect(() => requireFit([step], model)).not.toThrow();
  });

  it.each([
    [{ numHiddenLayers: 4, hiddenSize: 3 }, 'runs/a has 4 blocks of width 3'],
    [{ numHiddenLayers: 2, hiddenSize: 640 }, 'runs/a has 2 blocks of width 640'],
  ])('and none of another depth or width, both named: %o', (config, found) => {
    expect(() => requireFit([step], { ...model, config, weights: undefined })).toThrow(
      `the other vector is of made, 2 blocks of width 3, and ${found}`,
    );
  });

  it('with other weights only when that is meant', () => {
    expect(() => requireFit([step], { ...model, weights: 'v' })).toThrow('--steer-any-weights');
    expect(() => requireFit([step], { ...model, weights: undefined })).not.toThrow();
  });

  it('at a layer that it has, by a number', () => {
    for (const layer of [2, -1, 0.5])
      expect(() => requireFit([{ ...step, layer }], model)).toThrow(
        `there is no layer ${layer}: runs/a has 2, 0 to 1`,
      );
    expect(() => requireFit([{ ...step, gamma: Number.NaN }], model)).toThrow('gamma must be a number');
  });
});
