import { createHash } from 'node:crypto';
import { cp, mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { inspectRecipe } from '../../src/cli/inspect.ts';
import { openSafetensors } from '../../src/model/files/index.ts';
import { parseRecipeText } from '../../src/recipe/index.ts';
import { findModel, modelOnDisk } from '../../src/runs/model-source.ts';
import { readRecord, writeRecord } from '../../src/runs/run-record.ts';
import { weightsIdentity } from '../../src/runs/weights-identity.ts';
import { resumeRun, train } from '../../src/trainers/run.ts';
import { writeTinyGguf } from '../model/tiny-gguf.ts';
import { temporaryFolder } from '../temporary.ts';
import { recipe } from '../trainers/tiny-run.ts';
import { ownCache } from './cache-home.ts';

const folder = temporaryFolder();
ownCache(folder);

const WEIGHTS = 'model.safetensors';
const WHOLE = /^sha256:[0-9a-f]{64}$/;
const SAMPLED = { like: '0'.repeat(64) };
const SAMPLE = 1 << 20;
const NOT_THE_ONE = 'the model is not the one that this run began with';

/** A model of 4 MB, in a directory of Hugging Face's layout. */
let first: string;
beforeAll(async () => {
  const { checkpoint } = await train(recipe('out=first-run', 'train.max_steps=1'), { cwd: folder.path });
  first = join(folder.path, 'first');
  await cp(checkpoint, first, { recursive: true });
  await rm(join(first, 'trainer'), { recursive: true });
});

async function copyOf(dir: string, name: string): Promise<string> {
  const copy = join(folder.path, name);
  await cp(dir, copy, { recursive: true });
  return copy;
}

/** Changes the lowest bit of a weight in the middle of a file, a megabyte and more from both ends. */
async function changeTheMiddle(dir: string, file = WEIGHTS): Promise<void> {
  const handle = await open(join(dir, file), 'r+');
  const { size } = await handle.stat();
  const middle = 4 * Math.floor(size / 8);
  expect(Math.min(middle, size - middle)).toBeGreaterThan(SAMPLE + 4);
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, middle);
  byte[0]! ^= 1;
  await handle.write(byte, 0, 1, middle);
  await handle.close();
}

/** What runs of older versions recorded: config.json, then name, size and both ends of each weight file. */
async function sampled(dir: string): Promise<string> {
  const bytes = await readFile(join(dir, WEIGHTS));
  return createHash('sha256')
    .update(await readFile(join(dir, 'config.json')))
    .update(`${WEIGHTS}\0${bytes.length}\0`)
    .update(bytes.subarray(0, SAMPLE))
    .update(bytes.subarray(-SAMPLE))
    .digest('hex');
}

describe('the identity of weights', () => {
  it('tells models apart whose weight files are equal at both ends', async () => {
    const second = await copyOf(first, 'middle');
    await changeTheMiddle(second);
    expect(await sampled(second)).toBe(await sampled(first));
    expect(await weightsIdentity(first)).toMatch(WHOLE);
    expect(await weightsIdentity(second)).not.toBe(await weightsIdentity(first));
  });

  it('is that of the same bytes in another place, whatever lies beside them', async () => {
    const second = await copyOf(first, 'elsewhere');
    await writeFile(join(second, 'consolidated.safetensors'), 'not read by a model');
    expect(await weightsIdentity(second)).toBe(await weightsIdentity(first));
  });

  it('is another with another config.json', async () => {
    const second = await copyOf(first, 'other-config');
    const config = JSON.parse(await readFile(join(second, 'config.json'), 'utf8'));
    await writeFile(join(second, 'config.json'), JSON.stringify({ ...config, rope_theta: 5e5 }));
    expect(await weightsIdentity(second)).not.toBe(await weightsIdentity(first));
  });

  it('covers every shard that an index names, by what it holds and not by its name', async () => {
    const shards = await copyOf(first, 'shards');
    const { tensors, close } = await openSafetensors(join(shards, WEIGHTS));
    await close();
    const shard = 'model-00001-of-00001.safetensors';
    const weight_map = Object.fromEntries([...tensors.keys()].map((name) => [name, shard]));
    await writeFile(join(shards, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
    await rename(join(shards, WEIGHTS), join(shards, shard));
    expect(await weightsIdentity(shards)).toBe(await weightsIdentity(first));
    await changeTheMiddle(shards, shard);
    expect(await weightsIdentity(shards)).not.toBe(await weightsIdentity(first));
  });

  it('is that of all bytes of a GGUF file, too', async () => {
    for (const name of ['a.gguf', 'b.gguf']) writeTinyGguf(join(folder.path, name));
    const [a, b] = ['a.gguf', 'b.gguf'].map((name) => join(folder.path, name));
    expect(await weightsIdentity(a!)).toMatch(WHOLE);
    expect(await weightsIdentity(b!)).toBe(await weightsIdentity(a!));
    const bytes = await readFile(b!);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    await writeFile(b!, bytes);
    expect(await weightsIdentity(b!)).not.toBe(await weightsIdentity(a!));
  });

  it('follows the rule of older versions where it is compared with one of theirs', async () => {
    expect(await weightsIdentity(first, SAMPLED)).toBe(await sampled(first));
    expect(await weightsIdentity(first, { like: 'sha256:0' })).toMatch(WHOLE);
  });

  it('of the model that has no files is what it always was', async () => {
    const source = await findModel({ path: 'tiny', seed: 3 }, { cwd: folder.path });
    expect(await source.identity()).toMatch(/^[0-9a-f]{64}$/);
    expect(await source.identity(SAMPLED)).toBe(await source.identity());
  });
});

describe('bytes of weights are read', () => {
  const kept = () => readdir(join(folder.path, 'cache/isogloss/weights')).catch(() => [] as string[]);

  it('where an identity is asked for: not to generate, nor to validate', async () => {
    const dir = await copyOf(first, 'lazy');
    const longAgo = new Date(0);
    await utimes(join(dir, WEIGHTS), longAgo, longAgo);
    const before = (await kept()).length;
    const source = await modelOnDisk(dir, dir);
    (await source.load({})).model.dispose();
    await inspectRecipe(recipe(`model.path=${dir}`), folder.path);
    expect(await kept()).toHaveLength(before);
    await source.identity();
    expect(await kept()).toHaveLength(before + 1);
  });
});

describe('a resumption', () => {
  const resume = (run: string, options = {}, ...overrides: string[]) =>
    resumeRun(join(folder.path, run), overrides, { cwd: folder.path, ...options });
  const record = async (run: string) => (await readRecord(join(folder.path, run)))!;

  /** A run of one step from a copy of the first model, that has lost its checkpoints. */
  async function startedFrom(name: string): Promise<string> {
    const dir = await copyOf(first, `${name}-model`);
    const run = recipe(`model.path=${dir}`, `out=${name}`, 'train.max_steps=1', 'checkpoint.every=null');
    await train(run, { cwd: folder.path });
    await rm(join(folder.path, name, 'checkpoints'), { recursive: true });
    await mkdir(join(folder.path, name, 'checkpoints'));
    return dir;
  }

  it('from the start is refused with a model that differs only in the middle, unless forced', async () => {
    const dir = await startedFrom('replaced');
    const before = await record('replaced');
    expect(before.model.sha256).toBe(await weightsIdentity(dir));
    await changeTheMiddle(dir);
    await expect(resume('replaced')).rejects.toThrow(NOT_THE_ONE);
    expect(await record('replaced')).toEqual(before);
    await resume('replaced', { force: true });
    expect((await record('replaced')).model.sha256).toBe(await weightsIdentity(dir));
  });

  it('takes a model that was moved away and back', async () => {
    const dir = await startedFrom('moved');
    await cp(dir, `${dir}-away`, { recursive: true });
    await rm(dir, { recursive: true });
    await rename(`${dir}-away`, dir);
    await resume('moved');
  });

  it('goes on with a run whose record holds an identity of the old form, and keeps to it', async () => {
    const dir = await startedFrom('old');
    const old = { sha256: await sampled(dir) };
    const before = await record('old');
    await writeRecord(join(folder.path, 'old'), { ...before, model: { ...before.model, ...old } });
    const { checkpoint } = await resume('old');
    expect((await record('old')).model.sha256).toBe(old.sha256);
    const state = JSON.parse(await readFile(join(checkpoint, 'trainer/state.json'), 'utf8'));
    expect(state.model_sha256).toBe(old.sha256);
    await resume('old', {}, 'train.max_steps=2');
  });

  it('is refused where an old record tells that the model is another', async () => {
    const dir = await startedFrom('old-replaced');
    const before = await record('old-replaced');
    const model = { ...before.model, sha256: await sampled(dir) };
    await writeRecord(join(folder.path, 'old-replaced'), { ...before, model });
    const bytes = await readFile(join(dir, WEIGHTS));
    bytes[bytes.length - 4]! ^= 1;
    await writeFile(join(dir, WEIGHTS), bytes);
    await expect(resume('old-replaced')).rejects.toThrow(NOT_THE_ONE);
  });

  it.each([
    ['as it is recorded now', false],
    ['as older versions recorded it', true],
  ])('computes no reference log-probs with a model in the place of the first, %s', async (_, isOld) => {
    const name = `clo-${isOld}`;
    const dir = await copyOf(first, `${name}-model`);
    const run = parseRecipeText(
      `
name: test
method: clo
model: {path: ${dir}}
data: {train: {path: 'builtin:toy', max_samples: 20}, eval_fraction: 0}
clo: {beta: 0.1}
train: {batch_size: 4, micro_batch_size: 4, max_steps: 1}
out: ${name}
`,
      'clo.yaml',
    );
    await train(run, { cwd: folder.path });
    const runDir = join(folder.path, name);
    if (isOld) {
      const before = await record(name);
      await writeRecord(runDir, { ...before, model: { ...before.model, sha256: await sampled(dir) } });
    }
    const reference = join(runDir, 'reference.jsonl');
    await rm(reference);
    // The old rule sees the ends only.
    const bytes = await readFile(join(dir, WEIGHTS));
    bytes[isOld ? bytes.length - 4 : 4 * Math.floor(bytes.length / 8)]! ^= 1;
    await writeFile(join(dir, WEIGHTS), bytes);
    await expect(resume(name, {}, 'train.max_steps=2')).rejects.toThrow(
      `${dir}: is no longer the model that this run began with, which is needed once more; bring it back`,
    );
    await expect(stat(reference)).rejects.toThrow('ENOENT');
    await rm(dir, { recursive: true });
    await cp(first, dir, { recursive: true });
    await resume(name, {}, 'train.max_steps=2');
    expect((await stat(reference)).size).toBeGreaterThan(0);
  });
});
