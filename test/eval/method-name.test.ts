import { describe, expect, it } from 'vitest';
import { methodName, shownName, steeringKind } from '../../src/eval/method-name.ts';

describe('the name of a point', () => {
  it.each([
    ['CLO', 'CLO', undefined],
    ['midalign', 'MIDALIGN', undefined],
    ['clo-sur', 'CLO', 'SUR'],
    ['CLO + SUR-steering', 'CLO', 'SUR'],
    ['mist + sur(en@20+loc@28)', 'MIST', 'SUR'],
    ['MIST + loc@28', 'MIST', 'LOC@28'],
    ['mist_en', 'MIST', 'EN'],
    ['EN-steering', 'UNALIGNED', 'EN'],
    ['runs-of-mine', 'runs-of-mine', undefined],
    ['mist-english', 'mist-english', undefined],
    ['local', 'local', undefined],
    ['lab random', 'lab random', undefined],
    ['lab + random 3', 'lab', 'random 3'],
  ])('%s is of %s under %s', (name, training, steering) => {
    const found = methodName(name);
    expect([found.training, found.steering]).toEqual([training, steering]);
    // As it is shown it is read the same.
    expect(methodName(shownName(found))).toEqual(found);
  });

  it('gives the kind of its edits', () => {
    const kinds = [undefined, 'EN@20', 'LOC', 'SUR', 'random 3', 'mine'].map(steeringKind);
    expect(kinds).toEqual(['none', 'EN', 'LOC', 'SUR', 'random', 'other']);
  });
});
