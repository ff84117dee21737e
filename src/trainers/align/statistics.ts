/**
 * What pooled vectors are measured against (`align.pooling.normalize`): mean and deviation of each dimension under the
 * model that the run starts from, measured once and kept with the run, so that a resumption aligns to the same.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '../../backend/tfjs.ts';
import { chunk } from '../../data/index.ts';
import { type PlainStatistics, poolStatistics } from '../../losses/index.ts';
import { openSafetensors, writeSafetensors } from '../../model/files/index.ts';
import type { Gemma3 } from '../../model/index.ts';
import { breathe, exists, Interrupted, TEMPORARY } from '../../runs/index.ts';
import type { Start } from '../method.ts';
import type { Sentences } from './data.ts';
import { type PoolerOptions, poolSentences } from './pooler.ts';

const FILE = 'pooling.safetensors';

/** Sentences read at once. */
const AT_ONCE = 16;

/** The statistics of a run: read from its folder, else measured on its first model and written there. */
export async function statisticsOf(
  start: Start,
  sentences: Sentences,
  count: number,
  options: PoolerOptions,
): Promise<PlainStatistics> {
  const path = join(start.runDir, FILE);
  if (await exists(path)) return readStatistics(path);
  const model = start.step === 0 ? start.model : await start.firstModel();
  try {
    const measured = await measure(model, firstOf(sentences, count), options, start);
    const tensor = (name: string, values: Float32Array) => ({
      ...{ name, dtype: 'F32' as const, shape: [values.length], byteLength: values.byteLength },
      pieces: function* () {
        yield Buffer.from(values.buffer, values.byteOffset, values.byteLength);
      },
    });
    const aside = join(start.runDir, `${TEMPORARY}${FILE}`);
    await writeSafetensors(aside, [tensor('mean', measured.mean_D), tensor('std', measured.std_D)]);
    await rename(aside, path);
    return measured;
  } finally {
    if (model !== start.model) model.dispose();
  }
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
    const pooled_SD = tf.tidy(() => poolSentences(model, group, options).arraySync());
    for (const vector of pooled_SD) vectors.push(Float32Array.from(vector));
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

async function readStatistics(path: string): Promise<PlainStatistics> {
  const file = await openSafetensors(path);
  try {
    const read = async (name: string) => {
      const source = file.tensors.get(name);
      if (source === undefined) throw new Error(`${path} has no tensor ${name}`);
      return source.readFloat32();
    };
    return { mean_D: await read('mean'), std_D: await read('std') };
  } finally {
    await file.close();
  }
}
