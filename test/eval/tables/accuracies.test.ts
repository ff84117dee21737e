import { describe, expect, it } from 'vitest';
import {
  accuracyAxes,
  accuracyReport,
  accuracyRows,
  accuracyTable,
  readAccuracies,
  steeringTable,
  toCsv,
  toMarkdown,
} from '../../../src/eval/tables/index.ts';

const TABLE = `bench,model,steering,all,es,ko
GMMLU,UNALIGNED,none,55,60,50
GMMLU,MIST,none,57.5,63,52
GMMLU,MIST,sur(en@20+loc@28),58,63,53
BLEND,UNALIGNED,none,42.5,40,45
BLEND,MIST,none,41,38,44
BLEND,MIST,sur(en@20+loc@28),47,44,50
`;
const read = (text: string) => readAccuracies(text, 'a.csv');

describe('a table of accuracies', () => {
  it('is read as models on benchmarks, edits beside their training', () => {
    const rows = read(TABLE);
    expect(rows).toHaveLength(6);
    expect(rows[2]).toEqual({ bench: 'GMMLU', name: 'MIST + SUR', byLanguage: { es: 63, ko: 53 } });
    expect(read(`\uFEFF${TABLE.replaceAll('\n', '\r\n')}`)).toEqual(rows);
  });

  it.each([
    ['', 'a.csv:1: is no table of accuracies'],
    ['Bench,model,steering,es\n', 'it lacks bench. Did you mean bench?'],
    ['bench,model,steering\nA,B,none\n', 'a.csv:1: there is no column of a language'],
    ['bench,model,steering,es,es\nA,B,none,1,1\n', 'a.csv:1: a column is there twice'],
    ['bench,model,steering,Spanish\nA,B,none,1\n', 'column "Spanish" is no language'],
    ['bench,model,steering,es\nA,B,none\n', 'a.csv:2: has 3 cells, and there are 4 columns'],
    ['bench,model,steering,es\nA,B,none,60%\n', 'a.csv:2: es must be an accuracy from 0 to 100, found "60%"'],
    ['bench,model,steering,es\nA,B,none,160\n', 'found "160"'],
    ['bench,model,steering,es\nA,B,none,\n', 'found ""'],
    ['bench,model,steering,es\n,B,none,1\n', 'a.csv:2: bench and model must be named'],
    [
      'bench,model,steering,all,es\nA,B,none,61,60\n',
      'a.csv:2: all is "61", and the mean over languages is 60.00',
    ],
    ['bench,model,steering,es\nA,B,en,1\nA,B,EN,2\n', 'a.csv:3: A B + EN is in line 2 already'],
    ['bench,model,steering,es\n', 'a.csv: holds no row of accuracies'],
    ['bench,model,steering,es\n"A,B\n', 'a.csv: is no CSV'],
  ])('is refused with the place: %j', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('is told with all lines that are wrong', () => {
    const text = 'bench,model,steering,es\nA,B,none,x\nA,C,none,y\n';
    expect(() => read(text)).toThrow(/a\.csv:2: .*\na\.csv:3: /);
  });
});

describe('a plane of accuracies', () => {
  const rows = read(TABLE);
  const axes = accuracyAxes(rows, {}, 'a.csv');

  it('knows the benchmarks of the paper, and others by name', () => {
    expect(axes).toEqual({ universal: 'GMMLU', cultural: 'BLEND' });
    const others = read('bench,model,steering,es\nfacts,B,none,1\nlife,B,none,2\n');
    expect(() => accuracyAxes(others, {}, 'a.csv')).toThrow('which benchmark is universal?');
    expect(accuracyAxes(others, { universal: 'facts', cultural: 'LIFE' }, 'a.csv')).toEqual({
      universal: 'facts',
      cultural: 'life',
    });
    expect(() => accuracyAxes(others, { universal: 'fact' }, 'a.csv')).toThrow(
      'has no benchmark fact; it has facts, life. Did you mean facts?',
    );
  });

  it('has changes against UNALIGNED, without intervals', () => {
    const [mist, sur] = accuracyReport(rows, axes, 'a.csv').lines;
    expect(100 * mist!.transfer.mean.delta).toBeCloseTo(2.5);
    expect(100 * mist!.localization.byLanguage.ko!.delta).toBeCloseTo(-1);
    expect(100 * sur!.localization.mean.delta).toBeCloseTo(4.5);
    expect(mist!.transfer.mean.ci95).toBeUndefined();
  });

  it('is refused without UNALIGNED, and for a model on one axis', () => {
    expect(() => accuracyReport(rows, axes, 'a.csv', 'BASE')).toThrow(
      'has no BASE, which the others are compared with',
    );
    expect(() => accuracyReport(rows.slice(0, -1), axes, 'a.csv')).toThrow(
      'only on one of GMMLU and BLEND: MIST + SUR',
    );
  });

  it('gives the tables of the paper, and its own file again', () => {
    const again = accuracyRows(accuracyReport(rows, axes, 'a.csv'));
    expect(again.map(({ bench, name }) => `${bench} ${name}`)).toEqual(
      rows.map(({ bench, name }) => `${bench} ${name}`),
    );
    const csv = toCsv(accuracyTable(again));
    expect(csv.split('\n').slice(0, 3)).toEqual([
      'bench,model,steering,all,es,ko',
      'GMMLU,UNALIGNED,none,55.00,60.00,50.00',
      'GMMLU,MIST,none,57.50,63.00,52.00',
    ]);
    expect(read(csv)).toEqual(rows);
    expect(steeringTable(rows).rows).toEqual([
      ['MIST', '57.50', '41.00'],
      ['+ SUR', '58.00 ↑0.50', '47.00 ↑6.00'],
    ]);
  });

  it('leaves English out of means, as the plane does, also of a file it wrote', () => {
    const english = read('bench,model,steering,all,en,es\nA,B,none,60,90,60\n');
    expect(accuracyTable(english).rows).toEqual([['A', 'B', 'none', '60.00', '90.00', '60.00']]);
  });
});

describe('a table as text', () => {
  it('keeps what would end a cell', () => {
    const table = {
      caption: 'c',
      head: ['', 'n'],
      rows: [
        ['a|b', '1'],
        ['x, "y"\nz', '2'],
      ],
    };
    expect(toMarkdown(table)).toBe('c\n\n|  | n |\n| --- | ---: |\n| a\\|b | 1 |\n| x, "y" z | 2 |\n');
    expect(toCsv(table)).toBe(',n\na|b,1\n"x, ""y""\nz",2\n');
  });
});
