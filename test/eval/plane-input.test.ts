import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScoredItem } from '../../src/eval/item.ts';
import { namedFolder, type PlaneRequest, readPlane } from '../../src/eval/plane-input.ts';
import { openEvaluation, taskName } from '../../src/eval/results/index.ts';
import { answered } from './made.ts';
import { figuresOf, KEY, TASK } from './results/fixture.ts';

const cwd = mkdtempSync(join(tmpdir(), 'isogloss-plane-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Items of `es`, right where the mark is 1. */
const marked = (marks: string, metadata: Record<string, string> = {}) =>
  [...marks].map((mark, i) => answered(mark === '1', { id: `q${i}`, metadata }));

/** Writes a folder of results; an evaluation that has not ended has no results file. */
async function folder(
  dir: string,
  weights: string,
  tasks: Record<string, readonly ScoredItem[]>,
  { steering = null, ends = true }: { steering?: string | null; ends?: boolean } = {},
): Promise<void> {
  const asked = Object.keys(tasks).map((task) => [
    task,
    { ...TASK, languages: ['es'], options: { form: tasks[task]![0]!.item.metadata.form ?? '' } },
  ]);
  const key = { ...KEY, weights, steering, tasks: Object.fromEntries(asked) };
  const open = await openEvaluation({
    ...{ dir: join(cwd, dir), shown: dir, key, time: new Date(0) },
    figuresOf,
  });
  try {
    for (const [task, items] of Object.entries(tasks))
      await open.append(items.map((scored, docId) => ({ task, docId, scored })));
    const counts = Object.entries(tasks).map(([task, { length }]) => [
      taskName(task, 'es'),
      { original: length, effective: length },
    ]);
    if (ends) await open.finish(async () => JSON.stringify({ 'n-samples': Object.fromEntries(counts) }));
  } finally {
    await open.close();
  }
}

const request = (results: string[], more: Partial<PlaneRequest> = {}): PlaneRequest => ({
  ...{ results: results.map(namedFolder), baseline: [], floor: [] },
  ...{ transfer: 'all', metric: 'sum', ...more },
});
const read = (results: string[], more: Partial<PlaneRequest> = {}) => readPlane(request(results, more), cwd);
const DECON = { form: 'decontextualized' };
const CON = { form: 'contextualized' };

beforeAll(async () => {
  const gmmlu = (marks: string) => [
    ...marked(marks.slice(0, 2), { label: 'CA' }),
    ...marked(`00${marks.slice(2)}`, { label: 'CS' }).slice(2),
  ];
  await folder('base', 'w0', { gmmlu: gmmlu('1100'), blend: marked('1100', DECON) });
  await folder('base-named', 'w0', { blend: marked('1110', CON) });
  await folder('clo', 'w1', { gmmlu: gmmlu('1110') });
  await folder('clo-blend', 'w1', { blend: marked('1000', DECON) });
  await folder('clo-named', 'w1', { blend: marked('1111', CON) });
  await folder(
    'sur',
    'w1',
    { gmmlu: gmmlu('1111'), blend: marked('1111', DECON) },
    { steering: 'a'.repeat(64) },
  );
  await folder('deep/clo', 'w2', { gmmlu: gmmlu('0000'), blend: marked('0000', DECON) });
  await folder('toys', 'w0', { toy: marked('11'), bmlama: marked('11'), blend: marked('11', CON) });
  await folder('toys-2', 'w1', { toy: marked('11'), bmlama: marked('11'), blend: marked('11', CON) });
  await folder('stopped', 'w3', { gmmlu: gmmlu('1110'), blend: marked('1000', DECON) }, { ends: false });
});

describe('folders of results on a plane', () => {
  it('are one model where weights and edits are the same, or the name is', async () => {
    const { unaligned, models, universal, cultural } = await read(
      ['clo', 'CLO-SUR=sur', 'clo-blend', 'clo-named'],
      { baseline: [namedFolder('base'), namedFolder('base-named')] },
    );
    expect(unaligned.name).toBe('UNALIGNED');
    expect(models.map(({ name }) => name)).toEqual(['clo', 'CLO-SUR']);
    expect(models[0]!.universal.items).toHaveLength(4);
    expect(models[0]!.contextualized!.items).toHaveLength(4);
    expect(models[1]!.contextualized).toBeUndefined();
    expect([universal, cultural]).toEqual(['gmmlu', 'blend, decontextualized']);
  });

  it('need no baseline where one is named UNALIGNED, and do not draw it twice', async () => {
    const { unaligned, models } = await read(['UNALIGNED=base', 'CLO=clo', 'CLO=clo-blend', 'base-named']);
    expect(unaligned.contextualized!.items).toHaveLength(4);
    expect(models.map(({ name }) => name)).toEqual(['CLO']);
  });

  it('of one last name are told apart by their paths', async () => {
    const { models } = await read(['clo', 'clo-blend', 'deep/clo'], { baseline: [namedFolder('base')] });
    expect(models.map(({ name }) => name)).toEqual(['clo', 'deep/clo']);
  });

  it('count questions of a culture label alone where that is asked', async () => {
    const input = await read(['UNALIGNED=base', 'sur'], { transfer: 'ca' });
    expect(input.universal).toBe('gmmlu, CA');
    expect(input.unaligned.universal.items.map(({ item }) => item.id)).toEqual(['q0', 'q1']);
    await expect(read(['UNALIGNED=toys', 'toys-2'], { transfer: 'cs', universal: 'bmlama' })).rejects.toThrow(
      '--transfer cs: toys (bmlama) has no question labelled CS; gmmlu and gmmlu_lite have such labels',
    );
  });

  it('say which task is which axis, and that the country is named', async () => {
    const input = await read(['UNALIGNED=toys', 'toys-2']);
    expect([input.universal, input.cultural]).toEqual(['bmlama', 'blend, contextualized']);
    expect(input.warnings).toEqual([
      'the questions of blend name their country: localization is what is known, not what language alone brings out',
    ]);
    const toy = await read(['UNALIGNED=toys', 'toys-2'], { universal: 'toy' });
    expect(toy.universal).toBe('toy');
  });

  it('share their questions where they are the same, as many models would not fit into memory', async () => {
    const { unaligned, models } = await read(['UNALIGNED=base', 'sur']);
    expect(models[0]!.universal.items[0]!.item).toBe(unaligned.universal.items[0]!.item);
    expect(models[0]!.universal.items[2]!.scores).not.toEqual(unaligned.universal.items[2]!.scores);
  });

  it('tell of an evaluation that has not ended', async () => {
    const { warnings } = await read(['UNALIGNED=base', 'stopped']);
    expect(warnings).toContain('stopped: the evaluation of gmmlu has not ended; these are the items so far');
  });

  it('list what UNALIGNED was asked', async () => {
    const { asked } = await read(['UNALIGNED=base', 'base-named', 'sur']);
    expect(asked.map(({ task, form, items }) => [task, form, items.length])).toEqual([
      ['gmmlu', undefined, 4],
      ['blend', 'decontextualized', 4],
      ['blend', 'contextualized', 4],
    ]);
  });
});

describe('folders that make no plane', () => {
  it.each([
    [
      ['clo', 'clo-blend'],
      {},
      'which model is UNALIGNED? name it: --baseline FOLDER, or UNALIGNED=FOLDER among the results; they are clo',
    ],
    [['UNALIGNED=base'], {}, 'there is only UNALIGNED: a plane is of other models against it'],
    [
      ['UNALIGNED=base', 'A=clo', 'A=sur'],
      {},
      'sur: is of another model, or of other edits, than clo: both are named A',
    ],
    [['UNALIGNED=base', 'clo'], {}, 'a plane needs one cultural task that all models were asked'],
    [['UNALIGNED=base', 'sur'], { universal: 'bmlama' }, 'UNALIGNED has no bmlama: gmmlu, blend'],
    [['UNALIGNED=base', 'nowhere'], {}, 'nowhere: there is no such folder'],
    [['UNALIGNED=base', '.'], {}, '.: is no folder of results'],
    [['UNALIGNED=base', 'sur'], { universal: 'blend' }, 'blend cannot be both axes'],
    [
      ['UNALIGNED=base', 'clo', 'toys-2'],
      {},
      'the questions of blend come in two forms, and all models must be asked in one of them',
    ],
  ] as const)('%j are refused', async (results, more, message) => {
    await expect(read([...results], more)).rejects.toThrow(message);
  });

  it('of two baselines, or the same question twice, are refused', async () => {
    const both = { baseline: [namedFolder('base'), namedFolder('clo')] };
    await expect(read(['sur'], both)).rejects.toThrow(
      'the baseline is one model; base and clo are of several',
    );
    await folder('clo-again', 'w1', { blend: marked('1001', DECON) });
    await expect(read(['UNALIGNED=base', 'clo', 'clo-blend', 'clo-again'])).rejects.toThrow(
      'clo was asked blend (decontextualized) more than once: clo-blend, clo-again; name points NAME=FOLDER, or leave some out',
    );
  });
});

describe('a folder', () => {
  it('may have a name in front, and = behind a slash is its own', () => {
    expect(namedFolder('CLO + SUR=eval/clo')).toEqual({ name: 'CLO + SUR', dir: 'eval/clo' });
    expect(namedFolder('eval/lr=1')).toEqual({ dir: 'eval/lr=1' });
    expect(namedFolder('A=eval/lr=1')).toEqual({ name: 'A', dir: 'eval/lr=1' });
  });
});
