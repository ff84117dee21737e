/** A study of the tiny model from nothing to its report. */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../src/backend/index.ts';
import { evaluate } from '../../../src/eval/evaluate.ts';
import { readPlane } from '../../../src/eval/plane-input.ts';
import { savedScores } from '../../../src/eval/results/index.ts';
import { readStudySteps, studyFile } from '../../../src/eval/study/read-steps.ts';
import type { StudyRequest } from '../../../src/eval/study/request.ts';
import { runStudy } from '../../../src/eval/study/study.ts';
import { sweepFigure } from '../../../src/eval/study/sweep-figure.ts';
import { createGemma3, presetConfig, saveGemma3 } from '../../../src/model/index.ts';
import { packageRoot } from '../../../src/paths.ts';
import { Interrupted } from '../../../src/runs/index.ts';
import { readVector } from '../../../src/steering/vector-file.ts';
import { temporaryFolder } from '../../temporary.ts';

const folder = temporaryFolder();
beforeAll(() => startBackend({ name: 'torch', compute: 'float32' }));

const REQUEST: StudyRequest = {
  ...{ kind: 'sur', model: 'tiny', embedScale: 'bf16', tokenBudget: 600, out: 'whole' },
  backend: { name: 'torch', compute: 'float32' },
  asking: { languages: ['es', 'ko'], limit: 6, shots: 1, chat: false, metric: 'sum', seed: 1 },
  parts: { by: 'question', dev1: 6, dev2: 5 },
  universal: { name: 'toy', options: {} },
  cultural: { name: 'toy_culture', options: {} },
  ...{
    fixed: {},
    layers: [1, 2],
    gammas: [1, 2],
    chooseBy: 'accuracy',
    readAt: 'last',
    appliedAt: 'prompt_end',
  },
  controls: { random: 2, wrongCountry: true, doses: [0, 0.5, 1], context: true },
};
const said: string[] = [];
interface Watched {
  stop?: { signal: 'SIGINT' | undefined };
  onCount?(at: { name: string; done: number; total: number }): void;
}
const run = (changes: Partial<StudyRequest> = {}, { stop = { signal: undefined }, onCount }: Watched = {}) =>
  runStudy(
    { ...REQUEST, ...changes },
    {
      ...{ cwd: folder.path, stop },
      progress: { downloading() {}, message: (text) => void said.push(text) },
      onStage: (text) => void said.push(text),
      onCount: (at) => onCount?.(at),
    },
  );
const at = (...names: string[]) => join(folder.path, ...names);
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const logprobs = async (out: string) => {
  const found = new Map<string, number[]>();
  for await (const { task, language, scores } of savedScores(at(out)))
    for (const { item, scores: own } of scores)
      found.set(
        `${task} ${language} ${item.id}`,
        own.map(({ logprob }) => logprob),
      );
  return found;
};

describe('a study of SUR', () => {
  let result: Awaited<ReturnType<typeof runStudy>>;
  beforeAll(async () => {
    result = await run();
  });

  it('makes both vectors, chooses their places, asks Test in all ways, and reports', () => {
    const report = json(result.path);
    expect(report.format).toBe('isogloss_steering_study_1');
    expect(report.steps.map((step: { vector: string; kind: string }) => [step.vector, step.kind])).toEqual([
      ['vectors/en', 'en'],
      ['vectors/loc', 'loc'],
    ]);
    for (const { layer, gamma } of report.steps) {
      expect([1, 2]).toContain(layer);
      expect([1, 2]).toContain(gamma);
    }
    expect(report.ways.map(({ folder: name }: { folder: string }) => name)).toEqual([
      ...['en', 'loc', 'sur', 'controls/dose-0.5', 'controls/other-country'],
      ...['controls/random-1', 'controls/random-2'],
    ]);
    expect(report.perpendicularity).toHaveLength(4);
    expect(report.floor.directions).toBe(2);
    const sur = report.ways.find(({ role }: { role: string }) => role === 'steered');
    expect(sur.transfer.after - sur.transfer.before).toBeCloseTo(sur.transfer.delta, 12);
    expect(sur.transfer.n).toBe(12);
    expect(Object.keys(sur.localization.by_language)).toEqual(['es', 'ko']);
    for (const key of ['named', 'suppressed', 'english', 'choice_logprob']) expect(sur).toHaveProperty(key);
    // Random directions are the floor of the picture, not points on it.
    expect(result.figures.plane.lines.map(({ name }) => name)).not.toContain('random 1');
  });

  it('keeps Dev1, Dev2 and Test apart', async () => {
    const vector = await readVector(at('whole', 'vectors', 'en'));
    const used = new Set(vector.facts.pairs.es!.ids);
    expect(used.size).toBe(6);
    for (const key of (await logprobs('whole/none')).keys()) {
      const [task, , id] = key.split(' ');
      if (task === 'toy') expect(used).not.toContain(id);
    }
    expect(json(at('whole', 'none', 'evaluation.json')).key.tasks.toy).toMatchObject({
      languages: ['es', 'ko'],
      split: 'test by question of 6 + 5',
    });
  });

  it('scores each way as an evaluation by itself does', async () => {
    const steering = await readStudySteps(studyFile(at('whole'))!, 'steering.json');
    expect(steering).toHaveLength(2);
    await evaluate(
      {
        ...{ model: 'tiny', out: 'alone', steering, tokenBudget: 600, backend: REQUEST.backend },
        ...REQUEST.asking,
        languages: ['en', 'es', 'ko'],
        tasks: [REQUEST.universal],
        split: { part: 'test', ...REQUEST.parts },
        // Of LOC, which has nothing of English, the step of EN is left.
        ...{ steering: steering.slice(0, 1) },
      },
      {
        ...{ cwd: folder.path, stop: { signal: undefined } },
        progress: { downloading() {}, message() {} },
      },
    );
    const [alone, together] = [await logprobs('alone'), await logprobs('whole/en')];
    let compared = 0;
    for (const [key, values] of together) {
      if (!key.startsWith('toy ')) continue;
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(alone.get(key)![i]!, 5);
      compared++;
    }
    expect(compared).toBe(12);
  });

  it('leaves folders that plane reads as results of its own', async () => {
    const input = await readPlane(
      {
        results: [
          { name: 'SUR', dir: 'whole/sur' },
          { name: 'SUR', dir: 'whole/sur-named' },
        ],
        baseline: [{ dir: 'whole/none' }, { dir: 'whole/none-named' }],
        floor: [{ dir: 'whole/controls/random-1' }],
        ...{ transfer: 'all', metric: 'sum' },
      },
      folder.path,
    );
    expect(input.models[0]!.contextualized!.items).toHaveLength(12);
  });

  it('run again computes nothing, and writes the same report', async () => {
    const before = readFileSync(result.path, 'utf8');
    let counted = 0;
    await run({}, { onCount: () => void counted++ });
    expect(counted).toBe(0);
    expect(readFileSync(result.path, 'utf8')).toBe(before);
  });

  it('stopped in each of its stages goes on with the same command to the same report', async () => {
    for (const name of ['prompts', 'answers of Dev2 under en', 'answers']) {
      const stop: { signal: 'SIGINT' | undefined } = { signal: undefined };
      const stopped = run(
        { out: 'stopped' },
        {
          stop,
          onCount: (one) => {
            if (one.name === name) stop.signal = 'SIGINT';
          },
        },
      );
      await expect(stopped).rejects.toThrow(Interrupted);
    }
    const { path } = await run({ out: 'stopped' });
    expect(readFileSync(path, 'utf8')).toBe(readFileSync(result.path, 'utf8'));
  });

  it('refuses its folder to another study', async () => {
    await expect(run({ gammas: [3] })).rejects.toThrow(
      'whole: holds another study of steering, and this one has gammas: [3], not [1,2]; name another folder',
    );
  });

  it('refuses a sweep that is damaged, of another version, or of another vector', async () => {
    const file = at('whole', 'sweep-en.json');
    const text = readFileSync(file, 'utf8');
    for (const [change, message] of [
      [text.slice(0, 200), 'whole/sweep-en.json: is damaged: '],
      [text.replace('sweep_1', 'sweep_2'), 'is no sweep that this version reads: format'],
      [text.replace('"within": ', '"within": -'), 'is no sweep that this version reads: within'],
      [text.replace(/("identity": ")[0-9a-f]{8}/, '$1x'), 'is of another vector'],
    ] as const) {
      writeFileSync(file, change);
      await expect(run()).rejects.toThrow(message);
    }
    writeFileSync(file, text);
  });

  it('draws what was tried by layer, of each the gamma that does best for its vector', () => {
    const tasks = { universal: 'toy', cultural: 'toy_culture' };
    const text = JSON.stringify(sweepFigure(result.choices, tasks, 'Title'));
    expect(text).toContain('Transfer (toy, Dev2)');
    const drawn: { x: number; y: number }[] = [];
    JSON.parse(text, (_, value) => {
      if (typeof value?.x === 'number' && typeof value.y === 'number') drawn.push(value);
      return value;
    });
    const { places } = result.choices.get('en')!.sweep!;
    for (const layer of [1, 2]) {
      const own = places.filter((place) => place.layer === layer);
      const best = 100 * Math.max(...own.map(({ accuracy }) => accuracy.universal.after));
      expect(drawn.some(({ x, y }) => x === layer && Math.abs(y - best) < 1e-3)).toBe(true);
    }
    expect(sweepFigure(new Map([['en', { place: { layer: 1, gamma: 1 } }]]), tasks, '')).toBeUndefined();
  });

  it('refuses layers that there are not, and leaves nothing behind', async () => {
    const changes = { out: 'no', layers: [1, 9], fixed: { en: { layer: 4, gamma: 1 } } };
    await expect(run(changes)).rejects.toThrow(
      /steering.en.layer: there is no layer 4: tiny has 4, 0 to 3\n.*steering.layers: there is no layer 9/s,
    );
    expect(existsSync(at('no'))).toBe(false);
  });

  it('uses what is told without asking Dev2, and keeps vectors where it is told', async () => {
    said.length = 0;
    const changes = {
      ...{ kind: 'loc' as const, out: 'told', vectors: 'kept', fixed: { loc: { layer: 2, gamma: 4 } } },
      controls: { random: 0, wrongCountry: false, doses: [], context: false },
    };
    const { ways } = await run(changes);
    expect(ways.map(({ label }) => label)).toEqual(['none', 'LOC@2']);
    expect(said.some((text) => text.startsWith('Dev2: '))).toBe(false);
    const files = readdirSync(at('kept'));
    expect(files.filter((name) => /^loc-[0-9a-f]{12}\.json$/.test(name))).toHaveLength(1);
    const { path } = await run({ ...changes, out: 'again' });
    expect(readdirSync(at('kept'))).toEqual(files);
    expect(json(path).steps[0].vector).toMatch(/^\.\.\/kept\/loc-/);
  });
});

describe('a study with the vectors of another model', () => {
  it('takes them from it, and steers its own; one of another shape is refused', async () => {
    const small = presetConfig('tiny');
    const short = { ...small, numHiddenLayers: 2, layerTypes: small.layerTypes.slice(0, 2) };
    for (const [name, config] of Object.entries({ other: small, short })) {
      const model = createGemma3(config, 5);
      await saveGemma3(model, at(name));
      model.dispose();
      for (const file of ['tokenizer.json', 'tokenizer_config.json'])
        copyFileSync(join(packageRoot(), 'data/tiny', file), at(name, file));
      // The rest of the configuration is written as it was read.
      const { layer_types: _, ...written } = json(at(name, 'config.json'));
      const shape = { num_hidden_layers: config.numHiddenLayers, layer_types: config.layerTypes };
      writeFileSync(at(name, 'config.json'), JSON.stringify({ ...written, ...shape }));
    }
    const changes = { kind: 'en' as const, fixed: { en: { layer: 1, gamma: 1 } }, out: 'from' };
    const { path } = await run({ ...changes, model: 'other', vectorsFrom: 'tiny' });
    const vector = await readVector(at('from', 'vectors', 'en'));
    const own = await readVector(at('whole', 'vectors', 'en'));
    expect(vector.identity).toBe(own.identity);
    expect(json(path).weights).not.toBe(vector.facts.model.weights);
    await expect(run({ ...changes, out: 'no', vectorsFrom: 'short' })).rejects.toThrow(
      'steering.vectors_from: short has 2 blocks of width 128, and tiny 4 blocks of width 128',
    );
    expect(existsSync(at('no'))).toBe(false);
  });
});

describe('the steps of a study, read from its folder', () => {
  it('are all, or a part of SUR', async () => {
    const file = studyFile(at('whole'))!;
    expect(studyFile(file)).toBe(file);
    const kinds = async (kind?: 'en' | 'loc' | 'sur') =>
      (await readStudySteps(file, 'shown', kind)).map(({ vector }) => vector.facts.kind);
    expect(await kinds()).toEqual(['en', 'loc']);
    expect(await kinds('sur')).toEqual(['en', 'loc']);
    expect(await kinds('loc')).toEqual(['loc']);
    await expect(readStudySteps(studyFile(at('told'))!, 'shown', 'sur')).rejects.toThrow(
      'shown: steers by loc, and has no en',
    );
    expect(studyFile(at('whole', 'vectors'))).toBeUndefined();
  });

  it('are refused when the report is damaged, or a vector is another one or missing', async () => {
    const file = at('whole', 'steering.json');
    const text = readFileSync(file, 'utf8');
    for (const [change, message] of [
      [text.slice(0, 100), 'shown: is damaged: '],
      [text.replace('study_1', 'study_9'), 'is no report of steering that this version reads: format'],
      [
        text.replace(/("identity": ")[0-9a-f]{8}/, (_, key: string) => `${key}00000000`),
        'with other numbers than vectors/en has now',
      ],
    ] as const) {
      writeFileSync(file, change);
      await expect(readStudySteps(file, 'shown')).rejects.toThrow(message);
    }
    writeFileSync(file, text);
    rmSync(at('whole', 'vectors', 'loc.json'));
    await expect(readStudySteps(file, 'out/steering.json')).rejects.toThrow(
      'out/vectors/loc.safetensors: has no loc.json',
    );
  });
});
