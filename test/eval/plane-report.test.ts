import { describe, expect, it } from 'vitest';
import { biasFigure, planeFigure } from '../../src/eval/plane-figures.ts';
import { type PlaneModel, reportPlane } from '../../src/eval/plane-report.ts';
import { answered, made } from './made.ts';

const items = (answers: Record<string, string>) =>
  Object.entries(answers).flatMap(([language, marks]) =>
    [...marks].map((mark, i) => answered(mark === '1', { id: `q${i}`, language })),
  );
const model = (
  name: string,
  universal: Record<string, string>,
  cultural: Record<string, string>,
): PlaneModel => ({
  name,
  universal: { name: `${name} universal`, items: items(universal) },
  cultural: { name: `${name} cultural`, items: items(cultural) },
});
const OPTIONS = { seed: 1, universal: 'gmmlu', cultural: 'blend' };
const unaligned = model('UNALIGNED', { es: '11000000', ko: '11000000' }, { es: '11110000', ko: '11110000' });
const better = model('BETTER', { es: '11110000', ko: '11110000' }, { es: '11111100', ko: '11111100' });
const worse = model('WORSE', { es: '10000000', ko: '10000000' }, { es: '11000000', ko: '11000000' });

describe('the report of a plane', () => {
  it('has what each model gains and loses, and the share of resamples with it on the front', () => {
    const { lines, baseline, averaged, band } = reportPlane(unaligned, [better, worse], OPTIONS);
    expect(averaged).toEqual(['es', 'ko']);
    expect(lines.map(({ name, transfer }) => [name, transfer.mean.delta])).toEqual([
      ['BETTER', 0.25],
      ['WORSE', -0.125],
    ]);
    // No resample has fewer right of BETTER, which gets the same questions right and more.
    expect(lines[0]!.onFront).toBe(1);
    expect(lines[1]!.onFront).toBeLessThan(0.3);
    expect(baseline.onFront).toBeLessThan(0.3);
    expect(band.at(-1)!.high).toBe(-Infinity);
    expect(band[0]!.low).toBeLessThanOrEqual(0.25);
    expect(band[0]!.high).toBeGreaterThanOrEqual(0.25);
  });

  it('draws resamples of both axes apart: that of one does not tell that of the other', () => {
    // One question of each axis changes, in the same place: were draws shared, both would come up in the same resamples.
    const one = (change: string) => ({ es: `${change}0000000` });
    const found = reportPlane(
      model('UNALIGNED', one('0'), one('1')),
      [model('TRADE', one('1'), one('0'))],
      OPTIONS,
    );
    // UNALIGNED is beaten where its gain is drawn and its loss is not: (1 - e^-1) e^-1 = 0.23 of resamples.
    expect(1 - found.baseline.onFront!).toBeGreaterThan(0.15);
    expect(1 - found.baseline.onFront!).toBeLessThan(0.31);
  });

  it('has the floor of random directions, with 0 in it', () => {
    const { floor } = reportPlane(unaligned, [better], { ...OPTIONS, floor: [worse, worse] });
    expect(floor).toEqual({ transfer: [-0.125, 0], localization: [-0.25, 0], directions: 2 });
  });

  it('has the share of answers of the US or the UK, where options tell their countries', () => {
    const asked = (name: string, chosen: readonly number[]) => ({
      name,
      items: chosen.map((option, i) =>
        made({
          ...{ id: `q${i}`, language: 'es', metadata: { countries: 'Spain|US|Korea' } },
          logprobs: [0, 1, 2].map((k) => (k === option ? -1 : -3)),
        }),
      ),
    });
    const with_ = (name: string, chosen: readonly number[]) => ({
      ...model(name, { es: '1100' }, {}),
      cultural: asked(name, chosen),
    });
    const [line] = reportPlane(with_('UNALIGNED', [0, 0, 1, 2]), [with_('CLO', [1, 1, 1, 0])], OPTIONS).lines;
    expect(line!.english!.mean).toMatchObject({ a: 0.25, b: 0.75, delta: 0.5 });
    expect(reportPlane(unaligned, [better], OPTIONS).lines[0]!.english).toBeUndefined();
  });

  it('tells what is lost and what is suppressed of models that were asked both forms', () => {
    const named = (name: string, marks: string) => ({
      name: `${name} named`,
      items: items({ es: marks, ko: marks }),
    });
    const { lines, baseline } = reportPlane(
      { ...unaligned, contextualized: named('UNALIGNED', '11111100') },
      [{ ...worse, contextualized: named('WORSE', '11111000') }, better],
      OPTIONS,
    );
    expect(baseline.gap!.mean.delta).toBe(0.25);
    expect(lines[0]!.named!.mean).toMatchObject({ a: 0.75, b: 0.625, delta: -0.125 });
    expect(lines[0]!.suppressed!.mean.mean).toBe(-0.125);
    expect(lines[1]!.named).toBeUndefined();
  });

  it('warns of models that are near chance, a sentence each and axis', () => {
    const { warnings } = reportPlane(unaligned, [better], OPTIONS);
    expect(
      warnings.some((warning) =>
        /^UNALIGNED, gmmlu: accuracy is within noise of chance: the mean$/.test(warning),
      ),
    ).toBe(true);
    expect(warnings.length).toBeLessThanOrEqual(4);
  });

  it('is drawn where it says, in points', () => {
    const spec = planeFigure(reportPlane(unaligned, [better, worse], OPTIONS));
    const rows = JSON.parse(JSON.stringify(spec)).layer.flatMap(
      (layer: { data?: { values?: { name?: string }[] } }) => layer.data?.values ?? [],
    ) as { name?: string; x: number; y: number; language?: string; edits?: string }[];
    const marks = rows.filter(({ edits }) => edits !== undefined);
    expect(marks.map(({ name, x, y }) => [name, x, y])).toEqual([
      ['UNALIGNED', 0, 0],
      ['BETTER', 25, 25],
      ['WORSE', -25, -12.5],
    ]);
    expect(rows.filter(({ language }) => language === 'ko')).toHaveLength(2);
  });
});

describe('English bias along checkpoints', () => {
  it('is drawn by step in points, with the last step under SUR', () => {
    const english = (mean: number) => ({
      mean: { mean, n: 4, nClusters: 4, ci95: [mean - 0.1, mean + 0.1] as [number, number] },
    });
    const spec = biasFigure(
      [
        {
          name: 'CLO',
          steps: [0, 50].map((step) => ({ step, english: english(0.3 + step / 1000) })),
          steered: english(0.25),
        },
      ],
      { english: english(0.3) },
    );
    const layers = JSON.parse(JSON.stringify(spec)).hconcat[0].layer as {
      data?: { values?: { x?: number; y?: number; shape?: string }[] };
    }[];
    const rows = layers.flatMap(({ data }) => data?.values ?? []);
    expect(rows.filter(({ shape }) => shape).map(({ x, y }) => [x, y])).toContainEqual([50, 25]);
    expect(rows.filter(({ shape }) => !shape).map(({ x, y }) => [x, y])).toContainEqual([50, 35]);
  });
});
