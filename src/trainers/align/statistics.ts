/**
 * What pooled vectors are measured against (`align.pooling.normalize`): mean and deviation of each dimension under the
 * model that the run starts from, measured once and kept with the run, so that a resumption aligns to the same.
 */
import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { chunk } from '../../data/index.ts';
import { UserError } from '../../errors.ts';
import { type PlainStatistics, poolStatistics } from '../../losses/index.ts';
import {
  openSafetensors,
  type TensorFile,
  type TensorToWrite,
  writeSafetensors,
} from '../../model/files/index.ts';
import type { Gemma3 } from '../../model/index.ts';
import { breathe, exists, Interrupted, setAside, TEMPORARY } from '../../runs/index.ts';
import type { Start } from '../method.ts';
import type { Sentences } from './data.ts';
import { type PoolerOptions, pooledVectors } from './pooler.ts';

const FILE = 'pooling.safetensors';

/** Sentences read at once. */
const AT_ONCE = 16;

/**
 * The statistics of a run: read from its folder, else measured on its first model and written there. A file that is damaged,
 * or of another model, other sentences or other options, is set aside.
 *
 * @throws Interrupted if asked to stop meanwhile; nothing is written then.
 */
export async function statisticsOf(
  start: Start,
  sentences: Sentences,
  count: number,
  options: PoolerOptions,
): Promise<PlainStatistics> {
  const { runDir, progress } = start;
  const path = join(runDir, FILE);
  const { layer, bos, weights } = options;
  const key = hash(JSON.stringify([start.modelSha256, sentences.tokens.sha256, count, layer, bos, weights]));
  if (await exists(path)) {
    const found = await readStatistics(path, key, start.model.config.hiddenSize);
    if (typeof found !== 'string') return found;
    progress.message(`${path} ${found}; moved to ${await setAside(runDir, path)}`, 'warning');
  }
  const first = firstOf(sentences, count);
  progress.message(`measuring pooled vectors of ${first.length} sentences, for align.pooling.normalize`);
  const model = start.step === 0 ? start.model : await start.firstModel();
  try {
    const measured = await measure(model, first, options, start);
    const aside = join(runDir, `${TEMPORARY}${FILE}`);
    await writeSafetensors(aside, [tensor('mean', measured.mean_D), tensor('std', measured.std_D)], {
      key,
      sha256: hash(bytesOf(measured.mean_D), bytesOf(measured.std_D)),
    });
    await rename(aside, path);
    return measured;
  } finally {
    if (model !== start.model) model.dispose();
  }
}

function tensor(name: string, values: Float32Array): TensorToWrite {
  return {
    ...{ name, dtype: 'F32', shape: [values.length], byteLength: values.byteLength },
    pieces: function* () {
      yield bytesOf(values);
    },
  };
}

async function measure(
  model: Gemma3,
  sentences: readonly Int32Array[],
  options: PoolerOptions,
  { stop, step, runDir }: Start,
): Promise<PlainStatistics> {
  const vectors: Float32Array[] = [];
  for (const group of chunk(sentences, AT_ONCE)) {
    await breathe();
    if (stop.signal !== undefined) throw new Interrupted(stop.signal, step, runDir);
    vectors.push(...pooledVectors(model, group, options));
  }
  return poolStatistics(vectors);
}

/** The first sentences, as many in each language. */
function firstOf({ languages, ids, tokens }: Sentences, count: number): Int32Array[] {
  const each = Math.min(ids.length, Math.ceil(count / languages.length));
  return languages.flatMap((language) =>
    Array.from({ length: each }, (_, index) => tokens.ids(language, index)),
  );
}

/** What the file holds, or what is wrong with it. */
async function readStatistics(path: string, key: string, D: number): Promise<PlainStatistics | string> {
  let file: TensorFile;
  try {
    file = await openSafetensors(path);
  } catch (error) {
    if (error instanceof UserError) return 'is damaged';
    throw error;
  }
  try {
    if (file.metadata.key !== key) return 'is of another model, other sentences or other options';
    const [mean, std] = [file.tensors.get('mean'), file.tensors.get('std')];
    for (const one of [mean, std])
      if (one?.dtype !== 'F32' || one.shape.length !== 1 || one.shape[0] !== D) return 'is damaged';
    const found = { mean_D: await mean!.readFloat32(), std_D: await std!.readFloat32() };
    return hash(bytesOf(found.mean_D), bytesOf(found.std_D)) === file.metadata.sha256 ? found : 'is damaged';
  } finally {
    await file.close();
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function hash(...parts: readonly (string | Buffer)[]): string {
  const made = createHash('sha256');
  for (const part of parts) made.update(part);
  return made.digest('hex');
}
