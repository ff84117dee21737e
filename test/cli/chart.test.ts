import { describe, expect, it } from 'vitest';
import { chart } from '../../src/cli/chart.ts';

describe('a chart', () => {
  it('puts the greatest value on top and the last step at the right', () => {
    const points = [0, 1, 2, 3].map((x) => [x, 3 - x] as const);
    const drawn = chart([{ label: 'loss', mark: '*', points }], { width: 4, height: 4 }).split('\n');
    expect(drawn.slice(0, 4).map((line) => line.split('|')[1])).toEqual(['*', ' *', '  *', '   *']);
    expect(drawn[0]).toMatch(/^ *3\.000 \|/);
    expect(drawn[3]).toMatch(/^ *0\.000 \|/);
    expect(drawn.at(-1)).toMatch(/\* loss$/);
  });

  it('leaves out what is not finite, and draws a single value', () => {
    const points = [
      [0, Number.NaN],
      [1, 2],
      [2, Number.POSITIVE_INFINITY],
    ] as const;
    expect(chart([{ label: 'x', mark: '*', points }]).match(/\*/g)?.length).toBe(2);
    expect(chart([{ label: 'x', mark: '*', points: [] }])).toBe('(nothing to draw)');
  });

  it('takes runs of a million steps', () => {
    const points = Array.from({ length: 1e6 }, (_, x) => [x, Math.sin(x)] as const);
    expect(chart([{ label: 'x', mark: '*', points }]).split('\n').length).toBeGreaterThan(14);
  });

  it('draws lines through a place, which the axes then reach, and names only series that have one', () => {
    const series = [{ label: '', mark: '*', points: [[2, 3]] as const }];
    const lines = chart(series, { width: 5, height: 4 }, { x: 0, y: 0 }).split('\n');
    expect(lines.slice(0, 4).map((line) => line.split(' |')[1])).toEqual(['|   *', '|', '|', '|----']);
    expect(lines).toHaveLength(6);
  });
});
