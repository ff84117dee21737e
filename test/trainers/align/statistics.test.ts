import { cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { resumeRun, train } from '../../../src/trainers/run.ts';
import { startTorch } from '../../backend/torch.ts';
import { temporaryFolder } from '../../temporary.ts';
import { digest, midalignRecipe, recorder } from '../tiny-run.ts';

const folder = temporaryFolder();
const at = (name: string) => ({
  cwd: folder.path,
  runDir: join(folder.path, name),
  out: `out=${name}`,
});

beforeAll(startTorch);

describe('the pooling statistics of a run', () => {
  const file = (runDir: string) => join(runDir, 'pooling.safetensors');
  const messages = ({ heard }: ReturnType<typeof recorder>) =>
    heard.flatMap((entry) => (entry[0] === 'message' ? [entry[1]] : []));

  /** A run that has done four of its six steps. */
  async function stopped(name: string, ...shape: string[]) {
    const place = at(name);
    const stop: { signal: 'SIGTERM' | undefined } = { signal: undefined };
    const sink = recorder(([event, saved]) => {
      if (event === 'saved' && saved.step === 4) stop.signal = 'SIGTERM';
    });
    const run = train(midalignRecipe(place.out, ...shape), { cwd: place.cwd, progress: sink, stop });
    await expect(run).rejects.toMatchObject({ exitCode: 143, step: 4 });
    return { ...place, told: messages(sink) };
  }

  /** What a run of six steps that was never stopped ends with. */
  let whole: { digest: string; statistics: Buffer };
  beforeAll(async () => {
    const { cwd, runDir, out } = at('undisturbed');
    await train(midalignRecipe(out), { cwd });
    whole = { digest: await digest(runDir, 6), statistics: await readFile(file(runDir)) };
  });

  it('are measured once, before the first step, and read back by a resumption', async () => {
    const { cwd, runDir, told } = await stopped('once');
    const measuring = /^measuring pooled vectors of 48 sentences/;
    expect(told.filter((text) => measuring.test(text))).toHaveLength(1);
    const before = await stat(file(runDir));
    const sink = recorder();
    await resumeRun(runDir, [], { cwd, progress: sink });
    expect(messages(sink).filter((text) => measuring.test(text))).toEqual([]);
    expect((await stat(file(runDir))).mtimeMs).toBe(before.mtimeMs);
    expect(await digest(runDir, 6)).toBe(whole.digest);
  });

  it.each([
    ['missing', (path: string) => rm(path), undefined],
    [
      'cut short',
      async (path: string) => writeFile(path, (await readFile(path)).subarray(0, -4)),
      'is damaged',
    ],
    [
      'changed in a byte',
      async (path: string) => {
        const bytes = await readFile(path);
        bytes[bytes.length - 2]! ^= 1;
        await writeFile(path, bytes);
      },
      'is damaged',
    ],
    ['empty', (path: string) => writeFile(path, ''), 'is damaged'],
    [
      'of another run',
      async (path: string) => {
        const bytes = await readFile(path, 'latin1');
        await writeFile(path, bytes.replace(/"key":"./, '"key":"x'), 'latin1');
      },
      'is of another model, other sentences or other options',
    ],
  ] as const)('are those of the first model again where the file is %s', async (kind, harm, reason) => {
    const { cwd, runDir } = await stopped(kind.replaceAll(' ', '-'));
    await harm(file(runDir));
    const sink = recorder();
    await resumeRun(runDir, [], { cwd, progress: sink });
    expect(await readFile(file(runDir))).toEqual(whole.statistics);
    expect(await digest(runDir, 6)).toBe(whole.digest);
    if (reason === undefined) return;
    const aside = join(runDir, 'set-aside/pooling.safetensors');
    expect(messages(sink)).toContain(`${file(runDir)} ${reason}; moved to ${aside}`);
    expect(await readdir(join(runDir, 'set-aside'))).toEqual(['pooling.safetensors']);
  });

  it('are not taken from another model, where the first is gone', async () => {
    const other = (name: string, seed: number) =>
      train(midalignRecipe(`out=${name}`, 'train.max_steps=1', `seed=${seed}`), { cwd: folder.path });
    const [first, second] = [await other('first', 1), await other('second', 2)];
    const model = join(folder.path, 'model');
    await cp(first.checkpoint, model, { recursive: true });
    const { cwd, runDir } = await stopped('from-folder', `model.path=${model}`);
    await rm(file(runDir));
    await rm(model, { recursive: true });
    await cp(second.checkpoint, model, { recursive: true });
    await expect(resumeRun(runDir, [], { cwd })).rejects.toThrow(
      `${model}: is no longer the model that this run began with, which is needed once more; bring it back`,
    );
    expect(await readdir(runDir)).not.toContain('pooling.safetensors');
  });

  it('are not there where vectors are taken as they are', async () => {
    const { cwd, runDir, out } = at('none');
    await train(midalignRecipe(out, 'align.pooling.normalize=none', 'train.max_steps=2'), { cwd });
    expect(await readdir(runDir)).not.toContain('pooling.safetensors');
  });

  it('leave nothing half written when the run is stopped meanwhile', async () => {
    const { cwd, runDir, out } = at('early');
    const stop: { signal: 'SIGINT' | undefined } = { signal: undefined };
    const sink = recorder(([event, text]) => {
      if (event === 'message' && text.startsWith('measuring')) stop.signal = 'SIGINT';
    });
    const run = train(midalignRecipe(out), { cwd, progress: sink, stop });
    await expect(run).rejects.toMatchObject({ exitCode: 130, step: 0 });
    expect((await readdir(runDir)).sort()).toEqual(['checkpoints', 'recipe.resolved.yaml', 'run.json']);
    await resumeRun(runDir, [], { cwd });
    expect(await digest(runDir, 6)).toBe(whole.digest);
  });
});
