/** The reference's log-probs on disk: computed once, by the model that the run began with, and missed by nobody. */
import { cp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { startBackend } from '../../src/backend/index.ts';
import { Interrupted } from '../../src/runs/index.ts';
import { resumeRun, train } from '../../src/trainers/run.ts';
import { temporaryFolder } from '../temporary.ts';
import { cloRecipe, digest, recorder } from './tiny-run.ts';

const folder = temporaryFolder();
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

it('lose a last line that is cut, and have it made again', async () => {
  await halfway('cut');
  const whole = await textOf('whole');
  await truncate(reference('cut'), Buffer.byteLength(whole) - 10);
  await resumeRun('cut', [], { cwd: folder.path });
  expect(await textOf('cut')).toBe(whole);
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
