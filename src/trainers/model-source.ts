/** The model a run starts from: found and checked before its weights are read. */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import {
  checkGemma3,
  createGemma3,
  type Gemma3,
  type Gemma3Config,
  type Gemma3Options,
  loadGemma3,
  presetConfig,
} from '../model/index.ts';
import { loadTokenizer, type Tokenizer } from '../model/tokenizer/index.ts';
import { packageRoot } from '../paths.ts';
import type { Recipe } from '../recipe/index.ts';

/** The model that needs no files: random weights and the tokenizer that ships with the project. */
const TINY = 'tiny';

/** A model that has been found, its weights not yet read. */
export interface ModelSource {
  config: Gemma3Config;
  tokenizer: Tokenizer;
  /** Identifies the weights. */
  sha256: string;
  /** Small files that go into every checkpoint beside weights and config. */
  files: ReadonlyMap<string, Uint8Array>;
  load(options: Gemma3Options): Promise<{ model: Gemma3; prefix: string; warnings: string[] }>;
}

/**
 * Finds `recipe.model`.
 *
 * @throws UserError if it is not there, is not a Gemma 3, or has no tokenizer.
 */
export async function findModel({ model, seed }: Recipe, cwd: string): Promise<ModelSource> {
  const tokenizerPath = model.tokenizer === null ? undefined : resolve(cwd, model.tokenizer);
  if (model.path === TINY) {
    const config = presetConfig(TINY);
    const tokenizer = await loadTokenizer(tokenizerPath ?? join(packageRoot(), 'data', 'tiny'));
    return {
      config,
      tokenizer,
      sha256: createHash('sha256')
        .update(JSON.stringify([config.raw, seed]))
        .digest('hex'),
      files: await tokenizer.files(),
      load: async (options) => ({
        model: createGemma3(config, seed, options),
        prefix: 'model.',
        warnings: [],
      }),
    };
  }
  return modelInDirectory(resolve(cwd, model.path), model.path, tokenizerPath);
}

/** A model in a Hugging Face directory; `shown` is the path as the user wrote it. */
export async function modelInDirectory(
  dir: string,
  shown: string,
  tokenizerPath?: string,
): Promise<ModelSource> {
  const found = await stat(dir).catch(() => undefined);
  if (!found?.isDirectory()) {
    const what = found === undefined ? 'there is no such model' : 'is not a directory';
    throw new UserError({
      file: shown,
      message: `${what}; model.path is a Hugging Face model directory, or tiny`,
    });
  }
  // Before anything is written: a damaged file is found out now, not after the run folder is made.
  const config = await checkGemma3(dir);
  const tokenizer = await loadTokenizer(dir, { tokenizer: tokenizerPath });
  const files = new Map(await tokenizer.files());
  const generation = await readFile(join(dir, 'generation_config.json')).catch(() => undefined);
  if (generation !== undefined) files.set('generation_config.json', generation);
  return {
    config,
    tokenizer,
    sha256: await fingerprint(dir),
    files,
    load: (options) => loadGemma3(dir, options),
  };
}

/** Bytes read from each end of a weight file. */
const SAMPLE = 1 << 20;

/**
 * Identifies weights without reading all of them (a 12B would take a minute): SHA-256 over config.json and, for each
 * safetensors file, its name, its size, and the megabyte at each end. The first holds the names and shapes.
 */
async function fingerprint(dir: string): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(dir, 'config.json')));
  const names = (await readdir(dir)).filter((name) => name.endsWith('.safetensors')).sort();
  for (const name of names) {
    const handle = await open(join(dir, name), 'r');
    try {
      const { size } = await handle.stat();
      hash.update(`${name}\0${size}\0`);
      const buffer = Buffer.alloc(Math.min(SAMPLE, size));
      for (const position of [0, size - buffer.length]) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  }
  return hash.digest('hex');
}
