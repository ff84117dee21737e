import { cp, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { modelInDirectory } from '../../src/trainers/model-source.ts';
import { train } from '../../src/trainers/run.ts';
import { temporaryFolder } from './temporary.ts';
import { recipe } from './tiny-run.ts';

const folder = temporaryFolder();
const ROOT = join(import.meta.dirname, '../..');
const TOKENIZER = join(ROOT, 'data/tiny');

/** A copy of a small model, its weights cut to `share` of their bytes. */
async function model(name: string, share: number): Promise<string> {
  const dir = join(folder.path, name);
  await cp(join(ROOT, 'test/fixtures/parity/270m'), dir, { recursive: true });
  const weights = join(dir, 'model.safetensors');
  await truncate(weights, Math.floor((await stat(weights)).size * share));
  return dir;
}

describe('modelInDirectory', () => {
  it('finds a model without reading its weights', async () => {
    const source = await modelInDirectory(await model('whole', 1), 'whole', TOKENIZER);
    expect(source.config.numHiddenLayers).toBeGreaterThan(0);
    expect(source.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses a weight file that is cut short', async () => {
    const dir = await model('short', 0.5);
    await expect(modelInDirectory(dir, 'short', TOKENIZER)).rejects.toThrow(/cut short or damaged/);
  });
});

describe('a run with a weight file that is cut short', () => {
  it('is refused before anything is written', async () => {
    const dir = await model('damaged', 0.9);
    const before = await readdir(folder.path);
    const wrong = recipe(`model.path=${dir}`, `model.tokenizer=${TOKENIZER}`, 'out=run');
    await expect(train(wrong, { cwd: folder.path })).rejects.toThrow(UserError);
    expect(await readdir(folder.path)).toEqual(before);
  });
});
