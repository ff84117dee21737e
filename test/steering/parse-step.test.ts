import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { parseStep } from '../../src/steering/parse-step.ts';

describe('FILE@LAYER*GAMMA', () => {
  it.each([
    ['en@12*2', { file: 'en', layer: 12, gamma: 2 }],
    ['dir/loc.json@0*-.5', { file: 'dir/loc.json', layer: 0, gamma: -0.5 }],
    ['a@b@3', { file: 'a@b', layer: 3, gamma: 1 }],
    ['en@2*1e-3', { file: 'en', layer: 2, gamma: 0.001 }],
    ['en@2*0', { file: 'en', layer: 2, gamma: 0 }],
  ])('%s', (text, expected) => {
    expect(parseStep(text)).toEqual(expected);
  });

  it.each([
    ['en', 'it names no layer', undefined],
    ['@3', 'it names no file', undefined],
    ['en@*2', 'the layer must be a whole number', undefined],
    ['en@-1*2', 'layers are counted from 0', undefined],
    ['en@2*', 'gamma must be a number, found ""', undefined],
    ['en@2*two', 'gamma must be a number, found "two"', undefined],
    ['en@2*1*2', 'it has more than one gamma', undefined],
    ['en:12', 'it names no layer', 'en@12'],
    ['en@12x2', 'the layer must be a whole number, found "12x2"', 'en@12*2'],
    ['en@L12*2', 'the layer must be a whole number', 'en@12*2'],
    ['en@12*2,5', 'gamma must be a number', 'en@12*2.5'],
    ['en @ 12 * 2', 'the layer must be a whole number', 'en@12*2'],
    ['en*2@12', 'gamma stands behind the layer', 'en@12*2'],
  ])('%s is refused: %s; nearest %s', (text, message, hint) => {
    const refused = (() => {
      try {
        return parseStep(text);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(UserError);
    const [problem] = (refused as UserError).problems;
    expect(problem!.message).toContain(message);
    expect(problem!.hint).toBe(hint);
  });
});
