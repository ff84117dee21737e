/** Models from nothing (random weights) and from a directory in Hugging Face's layout, and back. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import seedrandom from 'seedrandom';
import { emptyParameter, type FloatFileType, fill, parameterOf, pieces, rawTypes } from '../backend/index.ts';
import * as tf from '../backend/tfjs.ts';
import { type Carried, NOTHING_CARRIED } from './carried.ts';
import { openCheckpoint } from './checkpoint.ts';
import { type Gemma3Config, parameterShapes } from './config.ts';
import { isRecord } from './config-reader.ts';
import {
  elementBytes,
  fromFloat32,
  type ResolvedNames,
  resolveNames,
  type TensorSource,
  type TensorToWrite,
  writeFileSynced,
  writeSafetensorsDirectory,
} from './files/index.ts';
import { Gemma3, type Gemma3Options } from './gemma3.ts';

/** A model and where its file kept things, so that it can be written back alike. */
export interface LoadedModel {
  model: Gemma3;
  /** Put before the parameters' names in the file. */
  prefix: string;
  /** The file's float type. */
  dtype: FloatFileType;
}

/** Weights as transformers initialises them: normal with `initializer_range`, norms zero (the factor is 1 + w). */
export function createGemma3(config: Gemma3Config, seed: number, options?: Gemma3Options): Gemma3 {
  const random = seedrandom(`isogloss weights ${seed}`);
  const parameters = new Map<string, tf.Variable>();
  for (const [name, shape] of parameterShapes(config)) {
    const size = tf.util.sizeFromShape(shape);
    const values = new Float32Array(size);
    if (!name.includes('norm'))
      for (let i = 0; i < size; i++) values[i] = normal(random) * config.initializerRange;
    parameters.set(name, parameterOf(tf.tensor(values, shape), name));
  }
  return new Gemma3(config, parameters, options);
}

/** Opens a checkpoint's config and the names and shapes of its weights, and hands both to `use`. */
async function openWeights<T>(
  path: string,
  use: (config: Gemma3Config, names: ResolvedNames) => T | Promise<T>,
): Promise<T> {
  const { config, file } = await openCheckpoint(path);
  try {
    return await use(config, await resolveNames(file, parameterShapes(config)));
  } finally {
    await file.close();
  }
}

/**
 * The config of a directory, without reading its weights: everything that `loadGemma3` would refuse is refused here.
 * @throws UserError for a missing, corrupt or mismatching file
 */
export function checkGemma3(directory: string): Promise<Gemma3Config> {
  return openWeights(directory, (config) => config);
}

/**
 * Reads a Hugging Face directory or a GGUF file, a piece of a tensor at a time: the peak is the weights, as the backend
 * stores them, and a few pieces.
 * @throws UserError for a missing, corrupt or mismatching file
 */
export function loadGemma3(directory: string, options?: Gemma3Options): Promise<LoadedModel> {
  return openWeights(directory, async (config, { prefix, tensors }) => {
    const parameters = new Map<string, tf.Variable>();
    try {
      for (const [name, source] of tensors) {
        const parameter = emptyParameter(source.shape, name);
        parameters.set(name, parameter);
        await readInto(parameter, source);
      }
    } catch (error) {
      for (const parameter of parameters.values()) parameter.dispose();
      throw error;
    }
    const { dtype } = tensors.get('embed_tokens.weight')!;
    return { model: new Gemma3(config, parameters, options), prefix, dtype: asFloat(dtype) };
  });
}

/**
 * Writes config.json and safetensors (in shards past 5 GB), each flushed to the disk.
 * @param carried what the checkpoint has beside the decoder
 * @param directory made when it is not there
 */
export async function saveGemma3(
  model: Gemma3,
  directory: string,
  {
    prefix = 'model.',
    dtype = 'F32',
    carried = NOTHING_CARRIED,
    extraEosIds = [],
  }: { prefix?: string; dtype?: FloatFileType; carried?: Carried; extraEosIds?: readonly number[] } = {},
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const tensors: TensorToWrite[] = [...model.parameters].map(([name, parameter]) => ({
    name: prefix + name,
    dtype,
    shape: parameter.shape,
    byteLength: parameter.size * elementBytes(dtype),
    pieces: () =>
      rawTypes().includes(dtype)
        ? pieces(parameter, dtype)
        : [fromFloat32(parameter.dataSync() as Float32Array, dtype)],
  }));
  await writeSafetensorsDirectory(directory, [...tensors, ...carried.tensors]);
  await writeFileSynced(
    join(directory, 'config.json'),
    `${JSON.stringify(writtenConfig(model.config, dtype, extraEosIds), null, 2)}\n`,
  );
}

/** The config as it was read, with the float type that is written now, and with more ids that end a text. */
function writtenConfig(
  { raw }: Gemma3Config,
  dtype: FloatFileType,
  extraEosIds: readonly number[],
): Record<string, unknown> {
  const name = { F32: 'float32', BF16: 'bfloat16', F16: 'float16' }[dtype];
  const written: Record<string, unknown> = { ...raw, ['torch_dtype' in raw ? 'torch_dtype' : 'dtype']: name };
  if (extraEosIds.length === 0) return written;
  // Multimodal files may have the ids in either part, or in both.
  const text = isRecord(raw.text_config) ? raw.text_config : undefined;
  const added = (ids: unknown) => [...new Set([ids ?? EOS_BY_DEFAULT, ...extraEosIds].flat())];
  if (text?.eos_token_id !== undefined)
    written.text_config = { ...text, eos_token_id: added(text.eos_token_id) };
  if (text?.eos_token_id === undefined || raw.eos_token_id !== undefined)
    written.eos_token_id = added(raw.eos_token_id);
  return written;
}

/** Of transformers' Gemma3TextConfig. */
const EOS_BY_DEFAULT = 1;

/** Raw where the backend takes the file's type; else widened or dequantised on the way. */
async function readInto(parameter: tf.Variable, source: TensorSource): Promise<void> {
  if ((rawTypes() as readonly string[]).includes(source.dtype)) {
    await fill(parameter, source.dtype as FloatFileType, (offset, into) => source.readRange(offset, into));
    return;
  }
  await fill(parameter, 'F32', (offset, into) => {
    const values = new Float32Array(into.buffer, into.byteOffset, into.length / 4);
    return source.readFloat32Into(offset / 4, values);
  });
}

function asFloat(dtype: string): FloatFileType {
  return dtype === 'BF16' || dtype === 'F16' ? dtype : 'F32';
}

/** Marsaglia's polar method. */
function normal(random: () => number): number {
  for (;;) {
    const u = 2 * random() - 1;
    const v = 2 * random() - 1;
    const s = u * u + v * v;
    if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s);
  }
}
