import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseRecipeText } from '../../../src/recipe/index.ts';
import { Interrupted } from '../../../src/runs/index.ts';
import { resumeRun, train } from '../../../src/trainers/index.ts';
import { temporaryFolder } from '../../temporary.ts';
import { digest, metricsOf, recorder } from '../tiny-run.ts';

const folder = temporaryFolder();
const RECIPE = `
name: test
method: midalign
model: {path: tiny}
data: {train: {path: 'builtin:toy', max_samples: 40}}
align:
  train: {path: 'builtin:toy', split: dev}
  languages: [es, ko]
  batch_size: 4
  language_matching: {weight: 0.4, width: 8}
train: {batch_size: 4, micro_batch_size: 4, max_steps: 6, optimizer: {lr: 2e-3}}
checkpoint: {every: 2}
`;
const recipe = (out: string, ...overrides: string[]) =>
  parseRecipeText(RECIPE, 'r.yaml', [`out=${out}`, ...overrides]);
const ownOf = (run: string, step: number) =>
  readFile(join(folder.path, run, `checkpoints/step-00000${step}/trainer/method.safetensors`));

it('the head is trained in alignment steps, under a loss of its own name, and resumes bit by bit', async () => {
  const whole = recipe('whole', 'checkpoint.keep_last=3');
  await train(whole, { cwd: folder.path });
  const rows = await metricsOf(join(folder.path, 'whole'));
  expect(rows.map((row) => Object.keys(row).filter((key) => key.endsWith('loss')))).toEqual(
    [1, 2, 3, 4, 5, 6].map((step) => (step % 2 === 1 ? ['loss'] : ['align_loss', 'language_loss'])),
  );
  // Half of the pairs are of one language: before it learns anything, about ln 2.
  expect(rows[1]!.language_loss).toBeGreaterThan(0.5);
  expect(rows[1]!.language_loss).toBeLessThan(0.8);
  expect((await ownOf('whole', 4)).equals(await ownOf('whole', 6))).toBe(false);

  const stop: { signal: 'SIGINT' | undefined } = { signal: undefined };
  const sink = recorder(([event, metrics]) => {
    if (event === 'step' && metrics.global_step === 3) stop.signal = 'SIGINT';
  });
  const stopped = train(recipe('again'), { cwd: folder.path, progress: sink, stop });
  await expect(stopped).rejects.toBeInstanceOf(Interrupted);
  await resumeRun('again', [], { cwd: folder.path });
  expect(await digest(join(folder.path, 'again'), 6)).toBe(await digest(join(folder.path, 'whole'), 6));
  expect((await ownOf('again', 6)).equals(await ownOf('whole', 6))).toBe(true);
  expect(await metricsOf(join(folder.path, 'again'))).toEqual(rows);
});

it('without a weight there is no head, and nothing of it in a checkpoint', async () => {
  await train(recipe('none', 'align.language_matching.weight=0', 'train.max_steps=2'), { cwd: folder.path });
  expect(Object.keys((await metricsOf(join(folder.path, 'none')))[1]!)).not.toContain('language_loss');
  await expect(ownOf('none', 2)).rejects.toThrow(/ENOENT/);
});
