/** The reference's log-probs on disk: computed once, by the model that the run began with, and missed by nobody. */
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { findRecipeModel, Interrupted } from '../../src/runs/index.ts';
import { readClo } from '../../src/trainers/clo.ts';
import { silent } from '../../src/trainers/progress.ts';
import { resumeRun, train } from '../../src/trainers/run.ts';
import { temporaryFolder } from '../temporary.ts';
import { cloRecipe, digest, recorder } from './tiny-run.ts';

const folder = temporaryFolder();
let made = 0;
const at = (name: string) => join(folder.path, name);
const reference = (name: string) => join(at(name), 'reference.jsonl');
const textOf = (name: string) => readFile(reference(name), 'utf8');
const STEADY = ['train.schedule={name: constant, warmup_ratio: 0}', 'train.max_steps=4'];

beforeAll(async () => {
  await startBackend({ name: 'torch' });
  await train(cloRecipe('out=whole', ...STEADY), { cwd: folder.path });
});

/** A copy of the whole run as it stood after its second step. */
async function halfway(name: string): Promise<void> {
  await cp(at('whole'), at(name), { recursive: true });
  await rm(join(at(name), 'checkpoints/step-000004'), { recursive: true });
}

it('are one line a pair, and not computed again', async () => {
  const lines = (await textOf('whole')).trimEnd().split('\n').slice(1);
  // 4 steps of 4 pairs.
  expect(lines).toHaveLength(16);
  expect(JSON.parse(lines[0]!)).toEqual({ side: 'train', i: expect.any(Number), logps: expect.any(Array) });
  await halfway('kept');
  const { mtimeMs } = await stat(reference('kept'));
  const sink = recorder();
  await resumeRun('kept', [], { cwd: folder.path, progress: sink });
  expect((await stat(reference('kept'))).mtimeMs).toBe(mtimeMs);
  expect(sink.heard.filter(([, text]) => String(text).startsWith('reference'))).toEqual([]);
  expect(await digest(at('kept'), 4)).toBe(await digest(at('whole'), 4));
});

it('go on where a stop came between', async () => {
  const stop: { signal: 'SIGINT' | undefined } = { signal: undefined };
  const sink = recorder(([event, text]) => {
    if (event === 'message' && /reference.* 50 %/.test(text)) stop.signal = 'SIGINT';
  });
  const stopped = train(cloRecipe('out=stopped', ...STEADY), { cwd: folder.path, progress: sink, stop });
  await expect(stopped).rejects.toBeInstanceOf(Interrupted);
  const half = await textOf('stopped');
  expect(half.length).toBeLessThan((await textOf('whole')).length);
  await resumeRun('stopped', [], { cwd: folder.path });
  expect(await textOf('stopped')).toBe(await textOf('whole'));
  expect(await digest(at('stopped'), 4)).toBe(await digest(at('whole'), 4));
});

it.each([
  ['in its last line', (bytes: Buffer) => bytes.subarray(0, -10)],
  ['before its last newline', (bytes: Buffer) => bytes.subarray(0, -1)],
  // With 4 pairs in micro-batches of 2.
  [
    'between the pairs of a micro-batch',
    (bytes: Buffer) => bytes.subarray(0, bytes.lastIndexOf('\n', -2) + 1),
  ],
  ['in its head', (bytes: Buffer) => bytes.subarray(0, 40)],
  ['behind its head, before the newline', (bytes: Buffer) => bytes.subarray(0, bytes.indexOf('\n'))],
  ['to nothing', (bytes: Buffer) => bytes.subarray(0, 0)],
])('come again to the same bytes where the file is cut %s, without a warning', async (_, cut) => {
  const name = `cut-${made++}`;
  await halfway(name);
  const whole = await readFile(reference('whole'));
  await writeFile(reference(name), cut(whole));
  const sink = recorder();
  await resumeRun(name, [], { cwd: folder.path, progress: sink });
  expect(await textOf(name)).toBe(whole.toString());
  expect(sink.heard.filter(([, , level]) => level === 'warning')).toEqual([]);
  expect(await digest(at(name), 4)).toBe(await digest(at('whole'), 4));
});

it.each([
  ['bytes that are no text', [0xff, 0xfe]],
  ['a zero that a power cut left', [0, 0]],
])('come again from the line on that has %s', async (_, damage) => {
  const name = `damaged-${made++}`;
  await halfway(name);
  const bytes = await readFile(reference('whole'));
  const damaged = Buffer.from(bytes);
  damaged.set(damage, bytes.length >> 1);
  await writeFile(reference(name), damaged);
  await resumeRun(name, [], { cwd: folder.path });
  expect(await readFile(reference(name))).toEqual(bytes);
});

it.each(['train.micro_batch_size=1', 'backend.threads=1', 'backend.compute=float32'])(
  'are computed again where a run that has done no step goes on with %s, which rounds otherwise',
  async (override) => {
    const name = `rounding-${made++}`;
    await cp(at('whole'), at(name), { recursive: true });
    await rm(join(at(name), 'checkpoints'), { recursive: true });
    await rm(join(at(name), 'metrics.jsonl'));
    const sink = recorder();
    await resumeRun(name, [override], { cwd: folder.path, progress: sink });
    const first = sink.heard.find(([event]) => event === 'step')![1] as Record<string, number>;
    expect(first['rewards/margins']).toBe(0);
    await expect(readdir(join(at(name), 'set-aside'))).rejects.toThrow('ENOENT');
  },
);

it('are kept where a run that has done steps goes on with another micro-batch size', async () => {
  await halfway('split');
  await resumeRun('split', ['train.micro_batch_size=1'], { cwd: folder.path });
  expect(await textOf('split')).toBe(await textOf('whole'));
});

it('are not computed by a model that has come in the place of the first', async () => {
  const first = join(at('whole'), 'checkpoints/step-000002');
  await cp(first, at('model'), { recursive: true });
  const shape = [...STEADY, 'model.path=model', 'out=replaced'];
  await train(cloRecipe(...shape, 'train.max_steps=2'), { cwd: folder.path });
  const before = await textOf('replaced');
  await rm(at('model'), { recursive: true });
  await cp(join(at('whole'), 'checkpoints/step-000004'), at('model'), { recursive: true });
  // Two steps more need rows that the file does not have.
  await expect(resumeRun('replaced', ['train.max_steps=4'], { cwd: folder.path })).rejects.toThrow(
    /model: is no longer the model that this run began with/,
  );
  expect(await textOf('replaced')).toBe(before);
});

it('of a pair that nobody asked for before the first step are an error', async () => {
  await mkdir(at('missing'));
  const recipe = cloRecipe('train.max_steps=1', 'train.batch_size=2');
  const source = await findRecipeModel(recipe, { cwd: '.' });
  const { model } = await source.load({});
  const backend = await startBackend({ name: 'torch' });
  const rows = (await readClo(recipe, '.')).encode(source, () => {});
  const begun = { model, backend, runDir: at('missing'), step: 0, modelSha256: '', progress: silent };
  const method = await rows.begin({ ...begun, stop: { signal: undefined }, firstModel: async () => model });
  expect(tf.tidy(() => method.plan(0).micros[0]!.loss().dataSync()[0])).toBeGreaterThan(0);
  expect(() => tf.tidy(() => method.plan(1).micros[0]!.loss())).toThrow(
    /no reference log-probs for train pair \d+/,
  );
  model.dispose();
});

it('are computed by the first model, not by the one in training, where they are lost', async () => {
  await halfway('lost');
  await rm(reference('lost'));
  await resumeRun('lost', [], { cwd: folder.path });
  expect(await digest(at('lost'), 4)).toBe(await digest(at('whole'), 4));
});

it('of another model or other rows are set aside with a word', async () => {
  await halfway('foreign');
  const [, ...lines] = (await textOf('whole')).split('\n');
  await writeFile(reference('foreign'), ['{"format":1,"key":"other"}', ...lines].join('\n'));
  const sink = recorder();
  await resumeRun('foreign', [], { cwd: folder.path, progress: sink });
  expect(sink.heard).toContainEqual([
    'message',
    expect.stringMatching(/reference\.jsonl is of another model or other rows; moved to .*set-aside/),
    'warning',
  ]);
  expect(await digest(at('foreign'), 4)).toBe(await digest(at('whole'), 4));
});

it('that are not of the model end the run at its first step, naming the pair', async () => {
  await cp(at('whole'), at('wrong'), { recursive: true });
  await rm(join(at('wrong'), 'checkpoints'), { recursive: true });
  await rm(join(at('wrong'), 'metrics.jsonl'));
  const changed = (await textOf('whole')).replaceAll(
    /"logps":\[(-?[\d.]+)/g,
    (_, x) => `"logps":[${Number(x) - 0.5}`,
  );
  await writeFile(reference('wrong'), changed);
  const failure = resumeRun('wrong', [], { cwd: folder.path });
  await expect(failure).rejects.toThrow(
    /at the first step the reference differs from the model .* for pair \d+ with (es|ko): z is -?[\d.e-]+ and/,
  );
});
