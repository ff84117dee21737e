import { describe, expect, it } from 'vitest';
import { type HiddenStates, steeredPanel } from '../../../src/eval/geometry/index.ts';

const language = (ids: string[], rows: number[][]) => ({ ids, blocks: [Float32Array.from(rows.flat())] });
const STATES: HiddenStates = {
  ...{ layers: 1, columns: 3, position: 'last' },
  byLanguage: new Map([
    [
      'en',
      language(
        ['a', 'b'],
        [
          [4, 0, 0],
          [4, 0, 0],
        ],
      ),
    ],
    [
      'es',
      language(
        ['a', 'b'],
        [
          [-4, 0, 0],
          [-4, 0, 0],
        ],
      ),
    ],
  ]),
};

describe('a panel of steering', () => {
  it('moves a language by each vector, all in one plane with English on the right', () => {
    const vectors = new Map([
      ['en', [8, 0, 0]],
      ['loc', [0, 3, 0]],
    ]);
    const { layer, points, explained_variance } = steeredPanel(STATES, 0, 'es', vectors);
    expect(layer).toBe(0);
    expect(points.map(({ id, language: own, steering }) => `${own} ${id} ${steering}`)).toEqual(
      ['en', 'es']
        .flatMap((own) => ['a', 'b'].map((id) => `${own} ${id} null`))
        .concat(['en', 'loc'].flatMap((steering) => ['a', 'b'].map((id) => `es ${id} ${steering}`))),
    );
    const at = (place: number) => [points[place]!.x, points[place]!.y] as const;
    const distance = (a: number, b: number) => Math.hypot(at(a)[0] - at(b)[0], at(a)[1] - at(b)[1]);
    // All variation lies in two dimensions: distances are kept.
    expect(explained_variance[0] + explained_variance[1]).toBeCloseTo(1, 12);
    expect(at(0)[0]).toBeGreaterThan(0);
    expect(distance(0, 2)).toBeCloseTo(8, 9);
    expect(distance(4, 0)).toBeCloseTo(0, 9);
    expect(distance(6, 2)).toBeCloseTo(3, 9);
    expect(distance(6, 0)).toBeCloseTo(Math.hypot(8, 3), 9);
    // The states themselves stay as they were.
    expect([...STATES.byLanguage.get('es')!.blocks[0]!]).toEqual([-4, 0, 0, -4, 0, 0]);
  });

  it('refuses a vector of another width', () => {
    expect(() => steeredPanel(STATES, 0, 'es', new Map([['en', [1, 2]]]))).toThrow(
      'vector en has 2 dimensions, not 3',
    );
  });
});
