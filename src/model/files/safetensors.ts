/** Reading safetensors: one file, or the shards that an index names, each tensor by itself. */

import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Problem } from '../../errors.ts';
import { UserError } from '../../errors.ts';
import { isRecord } from '../config-reader.ts';
import { countElements, elementBytes, isFloatDtype, toFloat32 } from './dtype.ts';
import { readJson } from './json.ts';
import { type OpenFile, openFile } from './positional.ts';
import { type HeaderEntry, readHeader } from './safetensors-header.ts';
import type { TensorFile, TensorSource } from './tensors.ts';

export const SINGLE_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';

/**
 * Opens a `.safetensors` file, an index (`*.index.json`), or a directory that holds `model.safetensors` or its index.
 * Only headers are read.
 * @throws UserError when there is none, or a header is not sound
 */
export async function openSafetensors(path: string): Promise<TensorFile> {
  const found = await locate(path);
  return found.endsWith('.json') ? openShards(found) : openOne(found);
}

async function locate(path: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) throw new UserError({ file: path, message: 'there is no such file or directory.' });
  if (!info.isDirectory()) return path;
  // As in transformers, one file wins over an index beside it.
  for (const name of [SINGLE_FILE, INDEX_FILE]) {
    const candidate = join(path, name);
    if (await stat(candidate).catch(() => undefined)) return candidate;
  }
  throw new UserError({ file: path, message: `holds neither ${SINGLE_FILE} nor ${INDEX_FILE}.` });
}

async function openOne(path: string): Promise<TensorFile> {
  const file = await openFile(path);
  try {
    const { entries, metadata } = await readHeader(file);
    const tensors = new Map(entries.map((entry) => [entry.name, source(file, entry)]));
    return { path, tensors, metadata, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Opens every shard and checks that it holds exactly what the index promises. */
async function openShards(indexPath: string): Promise<TensorFile> {
  const index = await readJson(indexPath);
  const map = isRecord(index) ? index.weight_map : undefined;
  if (
    !isRecord(map) ||
    !Object.values(map).every((name) => typeof name === 'string' && name === basename(name))
  ) {
    throw new UserError({
      file: indexPath,
      message: '"weight_map" must give a file of this folder for every tensor.',
    });
  }
  const shards: TensorFile[] = [];
  const close = async () => {
    for (const shard of shards) await shard.close();
  };
  const byFile = new Map<string, TensorFile>();
  const tensors = new Map<string, TensorSource>();
  const metadata: Record<string, string> = {};
  const problems: Problem[] = [];
  try {
    for (const name of new Set(Object.values(map) as string[])) {
      const shard = await openOne(join(dirname(indexPath), name));
      shards.push(shard);
      byFile.set(name, shard);
      Object.assign(metadata, shard.metadata);
    }
    for (const [tensor, name] of Object.entries(map) as [string, string][]) {
      const found = byFile.get(name)?.tensors.get(tensor);
      if (found === undefined) problems.push({ file: indexPath, message: `${tensor} is not in ${name}.` });
      else tensors.set(tensor, found);
    }
    if (problems.length > 0) throw new UserError(problems);
  } catch (error) {
    await close();
    throw error;
  }
  return { path: indexPath, tensors, metadata, close };
}

function source(file: OpenFile, entry: HeaderEntry): TensorSource {
  const { name, dtype, shape, start, byteLength } = entry;
  const readRange = async (offset: number, into: Uint8Array) => {
    if (offset < 0 || offset + into.byteLength > byteLength)
      throw new RangeError(`range outside of tensor ${name}`);
    await file.readInto(into, start + offset);
    return into;
  };
  const read = () => readRange(0, new Uint8Array(byteLength));
  const readFloat32Into = async (first: number, into: Float32Array) => {
    if (!isFloatDtype(dtype)) {
      throw new UserError({
        file: file.path,
        message: `tensor ${name} is ${dtype}; weights must be F32, F16 or BF16.`,
      });
    }
    const size = elementBytes(dtype);
    into.set(toFloat32(await readRange(first * size, new Uint8Array(into.length * size)), dtype));
    return into;
  };
  const readFloat32 = () => readFloat32Into(0, new Float32Array(countElements(shape)));
  return { name, dtype, shape, byteLength, file: file.path, read, readRange, readFloat32, readFloat32Into };
}
