import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/backend/index.ts';
import {
  type CurveRow,
  compareGeometry,
  curveRows,
  formatDifference,
  formatGeometry,
  type Geometry,
  type GeometryRequest,
  measureGeometry,
  panelPoints,
  readGeometry,
  someOf,
} from '../../../src/eval/geometry/index.ts';
import { Interrupted } from '../../../src/runs/index.ts';
import { made } from '../made.ts';

const folder = mkdtempSync(join(tmpdir(), 'isogloss-geometry-'));
const said: string[] = [];
const stages: string[] = [];
const mcq = join(folder, 'culture.jsonl');

/** Questions about two countries, in all languages; which country is told in English and Spanish. */
const CULTURE = ['en', 'es', 'ko'].flatMap((language) =>
  Array.from({ length: 12 }, (_, i) => {
    const region = i % 2 === 0 ? 'Spain' : 'South_Korea';
    const question = `${language} ${region} ${i}`;
    const row = { id: `q${i}`, language, question, options: ['yes', 'no'], answer: 0 };
    return language === 'ko' ? row : { ...row, region };
  }),
);

const REQUEST: GeometryRequest = {
  model: 'tiny',
  universal: { name: 'toy', options: {} },
  cultural: { name: 'mcq', path: mcq, options: {} },
  ...{ languages: ['es', 'ko'], limit: 12, chat: false, position: 'last', seed: 1, out: 'whole' },
  ...{ tokenBudget: 600, backend: { name: 'torch', compute: 'float32' } },
};
const measure = (
  request: Partial<GeometryRequest>,
  stop: { signal: 'SIGINT' | undefined } = { signal: undefined },
) =>
  measureGeometry(
    { ...REQUEST, ...request },
    {
      ...{ cwd: folder, stop },
      progress: { downloading() {}, message: (text) => void said.push(text) },
      onProgress: ({ kind, stage, done, total }) => void stages.push(`${kind} ${stage} ${done}/${total}`),
    },
  );

let geometry: Geometry;
beforeAll(async () => {
  await startBackend({ name: 'torch', compute: 'float32' });
  writeFileSync(mcq, CULTURE.map((row) => JSON.stringify(row)).join('\n'));
  geometry = (await measure({})).geometry;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a model's geometry", () => {
  it('has every layer of both kinds of questions, English among the languages unasked', () => {
    expect(geometry).toMatchObject({ layers: 4, hidden_size: 128, position: 'last', seed: 1, model: 'tiny' });
    const { universal, cultural } = geometry.sets;
    expect(universal.items.map(({ language }) => language).join(' ')).toBe(
      ['en', 'es', 'ko'].map((language) => Array(12).fill(language).join(' ')).join(' '),
    );
    for (const set of [universal, cultural!]) {
      expect(set.panels.map(({ layer }) => layer)).toEqual([0, 1, 2, 3]);
      expect(set.closeness.map(({ language, layers }) => [language, layers.length])).toEqual([
        ['es', 4],
        ['ko', 4],
      ]);
      expect(set.closeness[0]!.layers[0]!.n).toBe(12);
    }
  });

  it('has probes of language, and of region among questions of one language that has several', () => {
    const probes = ({ probes: all }: Geometry['sets']['universal']) =>
      all.map(({ label, language, classes }) => [label, language, classes]);
    expect(probes(geometry.sets.universal)).toEqual([['language', null, ['en', 'es', 'ko']]]);
    expect(probes(geometry.sets.cultural!)).toEqual([
      ['language', null, ['en', 'es', 'ko']],
      ...['en', 'es'].map((language) => ['region', language, ['South_Korea', 'Spain']]),
    ]);
  });

  it('never holds out a question that was trained on in another language', () => {
    for (const set of [geometry.sets.universal, geometry.sets.cultural!])
      for (const { held_out, train, language } of set.probes) {
        const questions = new Set(held_out.map((at) => set.items[at]!.cluster));
        const own = set.items.filter((item) => language === null || item.language === language);
        expect(own.filter(({ cluster }) => questions.has(cluster))).toHaveLength(held_out.length);
        expect(train).toBe(own.length - held_out.length);
      }
  });

  it('gives points with language, id, layer and kind, English on the right', () => {
    const points = panelPoints(geometry, [2]);
    expect(points).toHaveLength(36 + 36);
    expect(points[0]).toMatchObject({ kind: 'universal', layer: 2, language: 'en' });
    expect(points.at(-1)).toMatchObject({
      kind: 'cultural',
      layer: 2,
      language: 'ko',
    });
    expect(points.find(({ kind, language }) => kind === 'cultural' && language === 'es')).toMatchObject({
      region: 'Spain',
    });
    for (const kind of ['universal', 'cultural']) {
      const english = points.filter((point) => point.kind === kind && point.language === 'en');
      expect(english.reduce((sum, { x }) => sum + x, 0)).toBeGreaterThan(0);
      expect(english.reduce((sum, { y }) => sum + y, 0)).toBeGreaterThan(0);
    }
  });

  it('gives figures of layers as the rows of curves', () => {
    const rows = curveRows(geometry);
    const { universal } = geometry.sets;
    const ofLayer = rows.filter(({ kind, layer }) => kind === 'universal' && layer === 3);
    const value = (want: Partial<CurveRow>) =>
      ofLayer.filter((row) => Object.entries(want).every(([key, one]) => row[key as keyof CurveRow] === one));
    const closeness = universal.closeness[1]!.layers[3]!;
    expect(value({ figure: 'mexa', form: 'standardized', language: 'ko' })).toMatchObject([
      { value: closeness.standardized!.mexa },
    ]);
    expect(value({ figure: 'anc', language: 'ko' })).toMatchObject([{ form: 'raw', value: closeness.anc }]);
    const { accuracy } = universal.probes[0]!.layers[3]!;
    expect(value({ figure: 'language_probe' })).toMatchObject([
      { language: null, value: accuracy.mean, ci95: accuracy.ci95 },
    ]);
    expect(rows.filter(({ figure }) => figure === 'region_probe')).toHaveLength(2 * 4);
  });

  it('is read as it was written, and found again the same', async () => {
    expect(readGeometry(join(folder, 'whole'))).toEqual(geometry);
    const small = { cultural: undefined, languages: ['es'], limit: 6, out: 'small' };
    expect((await measure(small)).geometry).toEqual((await measure(small)).geometry);
  });

  it('tells how far it is', () => {
    expect(stages).toContain('universal texts 36/36');
    expect(stages).toContain('cultural layers 4/4');
    expect(stages).toContain('universal language probes 1/4');
    expect(stages).toContain('cultural region probes 4/4');
  });

  it('is printed as a table of layers for each kind', () => {
    const lines = formatGeometry(geometry).split('\n');
    expect(lines[0]).toBe('universal: toy, last token of the prompt, en 12  es 12  ko 12');
    expect(lines[1]).toMatch(
      /^layer +PC1\+2 +cosine +std +gap +std +retrieval +std +MEXA +std +CKA +std +ANC +language$/,
    );
    expect(lines.filter((line) => /^ +[0-3] /.test(line))).toHaveLength(8);
    expect(lines.find((line) => line.startsWith('region of questions in en'))).toMatch(
      /2 classes, chance 50\.0/,
    );
  });

  it('is not written when it is stopped', async () => {
    const stopped = await measure({ out: 'stopped' }, { signal: 'SIGINT' }).catch((error: unknown) => error);
    expect(stopped).toBeInstanceOf(Interrupted);
    expect(stopped).toMatchObject({ message: 'stopped by SIGINT; nothing is written', exitCode: 130 });
    expect(() => readGeometry(join(folder, 'stopped'), 'stopped')).toThrow(
      'stopped/geometry.json: there is no such file',
    );
  });

  it('takes the first questions of each language, and their English', () => {
    const items = ['en', 'es', 'ko'].flatMap((language) =>
      [0, 1, 2, 3].map(
        (i) => made({ id: `${language === 'ko' ? i + 2 : i}`, language, logprobs: [0, -1] }).item,
      ),
    );
    const kept = someOf(items, 2).map(({ language, id }) => `${language}${id}`);
    expect(kept).toEqual(['en0', 'en1', 'en2', 'en3', 'es0', 'es1', 'ko2', 'ko3']);
  });
});

describe('two geometries', () => {
  it('of one model do not differ in what can be told', () => {
    const differences = compareGeometry(geometry, geometry, { seed: 1 });
    expect(differences.map(({ kind, label }) => `${kind} ${label}`)).toEqual([
      'universal language',
      'cultural language',
      'cultural region',
      'cultural region',
    ]);
    for (const { layers } of differences)
      for (const { mean } of layers) expect(mean).toMatchObject({ delta: 0, ci95: [0, 0] });
    const text = formatDifference(differences, { a: 'before', b: 'after' });
    expect(text).toMatch(/told by a linear probe \(chance 33\.3\); a: before, b: after\n/);
  });

  it('differ by the answers that a probe gives to the one only', () => {
    const other = structuredClone(geometry);
    const [probe] = other.sets.universal.probes;
    probe!.layers[3]!.correct = '0'.repeat(probe!.held_out.length);
    const before = probe!.layers[3]!.accuracy.mean;
    const [difference] = compareGeometry(geometry, other, { seed: 1 });
    expect(difference!.layers[3]!.mean.delta).toBeCloseTo(-before, 12);
    expect(difference!.layers[2]!.mean.delta).toBe(0);
  });

  it('of other questions, seeds or depths are refused before the model is read', async () => {
    const against = (change: Partial<Geometry>) =>
      measure({ out: 'no', against: { ...geometry, ...change } });
    await expect(against({ seed: 2 })).rejects.toThrow('seed 2 and 1');
    await expect(against({ layers: 6 })).rejects.toThrow('layers 6 and 4');
    await expect(measure({ out: 'no', limit: 5, against: geometry })).rejects.toThrow(
      'universal questions 36 and 15, of which both have 15',
    );
  });
});

describe('a request for a geometry', () => {
  it('without another language than English is refused', async () => {
    await expect(measure({ languages: ['en'], out: 'no' })).rejects.toThrow(
      'toy: languages are compared with English, and there are questions in en alone',
    );
  });

  it('does not replace the geometry of another', async () => {
    await expect(measure({ position: 'mean' })).rejects.toThrow(
      'whole/geometry.json: is of another model, or of other questions or settings',
    );
    expect(readGeometry(join(folder, 'whole')).position).toBe('last');
  });
});

describe('a file of a geometry', () => {
  const damaged = (change: (value: Geometry) => void): (() => Geometry) => {
    const value = structuredClone(geometry);
    change(value);
    writeFileSync(join(folder, 'geometry.json'), JSON.stringify(value));
    return () => readGeometry(folder, 'shown');
  };

  it('that is cut short, or no JSON, or none of these, is refused with the reason', () => {
    const text = readFileSync(join(folder, 'whole', 'geometry.json'), 'utf8');
    for (const part of [text.slice(0, 500), '', 'geometry', '[1, 2', '\u0000']) {
      writeFileSync(join(folder, 'geometry.json'), part);
      expect(() => readGeometry(folder, 'shown')).toThrow(/^shown\/geometry\.json: is damaged/);
    }
    for (const part of ['null', '[]', '{"format": 2}', '3']) {
      writeFileSync(join(folder, 'geometry.json'), part);
      expect(() => readGeometry(folder, 'shown')).toThrow('format must be 1');
    }
    writeFileSync(join(folder, 'geometry.json'), Uint8Array.of(0x7b, 0xff, 0x7d));
    expect(() => readGeometry(folder, 'shown')).toThrow('not valid UTF-8');
  });

  it('whose parts do not fit is refused with the place', () => {
    expect(damaged((value) => value.sets.universal.panels[1]!.x.pop())).toThrow(
      'is damaged: sets.universal.panels.1: x and y must have 36 numbers each',
    );
    expect(damaged((value) => value.sets.universal.items.push(value.sets.universal.items[0]!))).toThrow(
      'sets.universal.items: each must be there once in a language',
    );
    expect(damaged((value) => value.sets.universal.panels.pop())).toThrow('layers 0 to 3 in order');
    expect(damaged((value) => value.sets.universal.panel_items.fill(99))).toThrow(
      'panel_items: must be places',
    );
    expect(damaged((value) => value.sets.cultural!.probes[1]!.held_out.fill(0))).toThrow('each once');
    expect(damaged((value) => value.sets.universal.probes[0]!.classes.push('xx'))).toThrow(
      'classes: must be different',
    );
    expect(
      damaged((value) => {
        value.sets.universal.probes[0]!.layers[2]!.correct = '1';
      }),
    ).toThrow('sets.universal.probes.0.layers.2.correct: must have');
    expect(
      damaged((value) => {
        value.sets.universal.closeness[0]!.layers[0]!.raw.mexa = 2;
      }),
    ).toThrow('sets.universal.closeness.0.layers.0.raw.mexa');
    expect(
      damaged((value) => {
        value.sets.universal.closeness[0]!.language = 'xx';
      }),
    ).toThrow('closeness.0: no item is in xx');
  });
});
