import { cp, mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { findModel } from '../../src/runs/model-source.ts';
import { readRecord } from '../../src/runs/run-record.ts';
import { newestCheckpoint, surveyCheckpoints } from '../../src/runs/survey.ts';
import { checkOptimizer } from '../../src/trainers/check-optimizer.ts';
import { resumeRun, train } from '../../src/trainers/run.ts';
import { temporaryFolder } from '../temporary.ts';
import { digest, metricsOf, recipe, recorder } from '../trainers/tiny-run.ts';

const folder = temporaryFolder();
let whole: string;

/** A run of six steps with checkpoints 4 and 6, copied for the test to spoil. */
async function spoilt(name: string): Promise<{ runDir: string; file: (path: string) => string }> {
  const runDir = join(folder.path, name);
  await cp(whole, runDir, { recursive: true });
  return { runDir, file: (path) => join(runDir, 'checkpoints', path) };
}

const saved = (runDir: string): Promise<string[]> => readdir(join(runDir, 'checkpoints'));
const resume = (runDir: string, overrides: string[] = [], options = {}) =>
  resumeRun(runDir, overrides, { cwd: folder.path, ...options });

beforeAll(async () => {
  await train(recipe('out=whole'), { cwd: folder.path });
  whole = join(folder.path, 'whole');
});

/** Ways to spoil a checkpoint. */
const DAMAGES: [string, (dir: string) => Promise<void>][] = [
  ['a state that is cut', (dir) => truncate(join(dir, 'trainer/state.json'), 40)],
  ['an empty state', (dir) => truncate(join(dir, 'trainer/state.json'), 0)],
  [
    'a state without its keys',
    (dir) => writeFile(join(dir, 'trainer/state.json'), '{"format":1,"global_step":6}'),
  ],
  ['no trainer folder', (dir) => rm(join(dir, 'trainer'), { recursive: true })],
  ['an optimizer file that is cut', (dir) => truncate(join(dir, 'trainer/optimizer.safetensors'), 100_000)],
  ['an empty optimizer file', (dir) => truncate(join(dir, 'trainer/optimizer.safetensors'), 0)],
  [
    'the optimizer file of other tensors',
    (dir) => cp(join(dir, 'model.safetensors'), join(dir, 'trainer/optimizer.safetensors')),
  ],
  ['weights that are cut', (dir) => truncate(join(dir, 'model.safetensors'), 100_000)],
  ['no weights', (dir) => rm(join(dir, 'model.safetensors'))],
  ['a config that is cut', (dir) => truncate(join(dir, 'config.json'), 30)],
  [
    'a file in its place',
    async (dir) => {
      await rm(dir, { recursive: true });
      await writeFile(dir, '');
    },
  ],
];

describe('a checkpoint is damaged', () => {
  it.each(DAMAGES)('with %s: the one before is chosen, and it is said', async (what, damage) => {
    const { runDir, file } = await spoilt(what.replaceAll(' ', '-'));
    await damage(file('step-000006'));
    const { whole, others } = await surveyCheckpoints(runDir, await readRecord(runDir), { checkOptimizer });
    expect(whole.at(-1)?.checkpoint.step).toBe(4);
    expect(others.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^is damaged: ./)]);
    // Other tensors of an optimizer matter only to who goes on training.
    if (what.includes('other tensors')) return;
    const said: string[] = [];
    const newest = await newestCheckpoint(runDir, (text) => said.push(text));
    expect(newest?.checkpoint.step).toBe(4);
    expect(said).toEqual([expect.stringMatching(/step-000006 is damaged: .*; passed over$/)]);
  });

  it('or belongs to another step', async () => {
    const { runDir, file } = await spoilt('renamed');
    await rename(file('step-000006'), file('step-000900'));
    const said: string[] = [];
    expect((await newestCheckpoint(runDir, (text) => said.push(text)))?.checkpoint.step).toBe(4);
    expect(said).toEqual([expect.stringContaining('is of step 6; passed over')]);
  });

  it('only if it is: what cannot be read for another reason is an error', async () => {
    const { runDir, file } = await spoilt('unreadable');
    await rm(file('step-000006/trainer/state.json'));
    await symlink('state.json', file('step-000006/trainer/state.json'));
    await expect(resume(runDir)).rejects.toThrow(/step-000006\/trainer\/state\.json: cannot be read/);
  });
});

describe('resume', () => {
  it('goes on from the newest whole checkpoint to the same bits, and loses no damaged one', async () => {
    const { runDir, file } = await spoilt('fallback');
    await truncate(file('step-000006/trainer/optimizer.safetensors'), 1000);
    const sink = recorder();
    await resume(runDir, ['checkpoint.keep_last=1'], { progress: sink });
    expect(sink.heard).toContainEqual([
      'message',
      expect.stringMatching(/step-000006 is damaged.*set-aside/),
      'warning',
    ]);
    expect(sink.heard.find(([event]) => event === 'start')).toMatchObject(['start', { startStep: 4 }]);
    expect(await digest(runDir, 6)).toBe(await digest(whole, 6));
    expect(await metricsOf(runDir)).toEqual(await metricsOf(whole));
    expect(await saved(runDir)).toEqual(['step-000006']);
    expect(await readdir(join(runDir, 'set-aside'))).toEqual(['step-000006']);
  });

  it('refuses when no checkpoint can be read, and touches nothing', async () => {
    const { runDir, file } = await spoilt('none-left');
    for (const name of await saved(runDir)) await truncate(file(`${name}/trainer/state.json`), 40);
    const metrics = await readFile(join(runDir, 'metrics.jsonl'), 'utf8');
    const failure = await resume(runDir, ['train.max_steps=3']).catch((error) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect(String(failure)).toMatch(/step-000004: is damaged.*step-000006: is damaged.*--restart/s);
    expect(await readFile(join(runDir, 'metrics.jsonl'), 'utf8')).toBe(metrics);
    expect(await saved(runDir)).toEqual(['step-000004', 'step-000006']);
    const generate = findModel({ path: runDir }, { cwd: folder.path });
    await expect(generate).rejects.toThrow('none of them can be gone on from');
  });

  it('starts again when told to, and keeps what was there', async () => {
    const { runDir, file } = await spoilt('restarted');
    await truncate(file('step-000006/trainer/state.json'), 40);
    const sink = recorder();
    await resume(runDir, ['checkpoint.keep_last=1'], { restart: true, progress: sink });
    expect(sink.heard).toContainEqual(['message', 'told to restart: starts again at step 0', 'warning']);
    expect(await digest(runDir, 6)).toBe(await digest(whole, 6));
    expect(await saved(runDir)).toEqual(['step-000006']);
    expect(await readdir(join(runDir, 'set-aside'))).toEqual(['metrics.jsonl', 'step-000004', 'step-000006']);
  });

  it('neither takes, counts nor removes the checkpoint of another run', async () => {
    const { runDir, file } = await spoilt('beside');
    await train(recipe('out=other', 'train.max_steps=8'), { cwd: folder.path });
    const other = join(folder.path, 'other/checkpoints/step-000008');
    await cp(other, file('step-000008'), { recursive: true });
    expect((await newestCheckpoint(runDir, () => {}))?.checkpoint.step).toBe(6);
    const sink = recorder();
    await resume(runDir, ['train.max_steps=7', 'checkpoint.keep_last=1'], { progress: sink });
    expect(sink.heard).toContainEqual([
      'message',
      expect.stringContaining('step-000008 is of another run'),
      'warning',
    ]);
    expect(await saved(runDir)).toEqual(['step-000007']);
    expect(await readdir(join(runDir, 'set-aside'))).toEqual(['step-000008']);
  });

  it('says that it starts over when no checkpoint was saved, and refuses when one was', async () => {
    const { runDir, file } = await spoilt('unsaved');
    await rm(file(''), { recursive: true });
    // Of six steps, every second was saved: they are not there, but they were.
    await expect(resume(runDir)).rejects.toThrow('the run had a checkpoint of step 2, and now has none');
    await writeFile(
      join(runDir, 'metrics.jsonl'),
      '{"global_step":1,"loss":5}\n{"global_step":2,"loss":5}\n',
    );
    const sink = recorder();
    await resume(runDir, ['train.max_steps=1'], { progress: sink });
    const text = 'no checkpoint was saved yet: starts again at step 0';
    expect(sink.heard).toContainEqual(['message', text, 'warning']);
    await resume(runDir, ['train.max_steps=2']);
    await rm(file(''), { recursive: true });
    await expect(resume(runDir)).rejects.toThrow('the run had a checkpoint of step 1');
  });

  it.each([
    ['cut', '{"format": 1, "na'],
    ['list', '[]'],
    ['hollow', '{"format": 1}'],
    ['newer', '{"format": 2}'],
  ])('refuses a damaged run.json: %s', async (name, text) => {
    const { runDir } = await spoilt(`record-${name}`);
    await writeFile(join(runDir, 'run.json'), text);
    await expect(resume(runDir)).rejects.toThrow(/run\.json: is damaged: /);
    await rm(join(runDir, 'run.json'));
    await mkdir(join(runDir, 'run.json'));
    await expect(resume(runDir)).rejects.toThrow(/run\.json: cannot be read: it is a folder/);
  });

  it('makes a run.json that is gone anew, as that of the same run', async () => {
    const { runDir } = await spoilt('no-record');
    const before = JSON.parse(await readFile(join(runDir, 'run.json'), 'utf8'));
    await rm(join(runDir, 'run.json'));
    await resume(runDir, ['train.max_steps=7']);
    const { id, model } = JSON.parse(await readFile(join(runDir, 'run.json'), 'utf8'));
    expect({ id, sha256: model.sha256 }).toEqual({ id: before.id, sha256: before.model.sha256 });
    expect((await newestCheckpoint(runDir, () => {}))?.checkpoint.step).toBe(7);
  });
});
