/** Writing safetensors, a piece of a tensor in memory at a time, in shards where the whole is large. */

import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { elementBytes } from './dtype.ts';
import { INDEX_FILE, SINGLE_FILE } from './safetensors.ts';
import type { TensorToWrite } from './tensors.ts';

/** Bytes of tensors in one shard, the size of transformers 4 and of the hub's files. */
export const SHARD_BYTES = 5e9;

/**
 * Writes one file and flushes it to the disk. Wide elements come first, so that every tensor is aligned to its element;
 * otherwise the order is the given one.
 * @param metadata `format: pt` is always there: transformers refuses a file without it
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Record<string, string> = {},
): Promise<void> {
  const ordered = [...tensors].sort((a, b) => elementBytes(b.dtype) - elementBytes(a.dtype));
  const handle = await open(path, 'w');
  try {
    let position = await writeHeader(handle, ordered, { format: 'pt', ...metadata });
    for (const tensor of ordered) {
      const start = position;
      for await (const piece of tensor.pieces()) {
        await writeAll(handle, piece, position);
        position += piece.byteLength;
      }
      if (position - start !== tensor.byteLength) {
        throw new Error(`${tensor.name}: promised ${tensor.byteLength} bytes, got ${position - start}`);
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes `model.safetensors` into a directory, or shards and their index when there are more than `shardBytes`.
 * @returns names of the files written
 */
export async function writeSafetensorsDirectory(
  directory: string,
  tensors: readonly TensorToWrite[],
  {
    metadata = {},
    shardBytes = SHARD_BYTES,
  }: { metadata?: Record<string, string>; shardBytes?: number } = {},
): Promise<string[]> {
  const shards = split(tensors, shardBytes);
  if (shards.length <= 1) {
    await writeSafetensors(join(directory, SINGLE_FILE), tensors, metadata);
    return [SINGLE_FILE];
  }
  const weight_map: Record<string, string> = {};
  const names: string[] = [];
  for (const [i, shard] of shards.entries()) {
    const five = (n: number) => String(n).padStart(5, '0');
    const name = `model-${five(i + 1)}-of-${five(shards.length)}.safetensors`;
    await writeSafetensors(join(directory, name), shard, metadata);
    for (const tensor of shard) weight_map[tensor.name] = name;
    names.push(name);
  }
  const total_size = tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0);
  const index = { metadata: { total_size }, weight_map };
  await writeFileSynced(join(directory, INDEX_FILE), `${JSON.stringify(index, null, 2)}\n`);
  return [...names, INDEX_FILE];
}

/** Writes a small file and flushes it to the disk. */
export async function writeFileSynced(path: string, data: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function split(tensors: readonly TensorToWrite[], shardBytes: number): TensorToWrite[][] {
  const shards: TensorToWrite[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    if (tensor.byteLength > room || shards.length === 0) {
      shards.push([]);
      room = shardBytes;
    }
    shards.at(-1)!.push(tensor);
    room -= tensor.byteLength;
  }
  return shards;
}

async function writeHeader(
  handle: FileHandle,
  tensors: readonly TensorToWrite[],
  metadata: Record<string, string>,
): Promise<number> {
  const header = new Map<string, unknown>([['__metadata__', metadata]]);
  let offset = 0;
  for (const { name, dtype, shape, byteLength } of tensors) {
    if (header.has(name)) throw new Error(`two tensors are called ${name}`);
    header.set(name, { dtype, shape, data_offsets: [offset, offset + byteLength] });
    offset += byteLength;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = Buffer.alloc(8 + padded, 0x20);
  bytes.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(bytes, 8);
  await writeAll(handle, bytes, 0);
  return bytes.length;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const length = Math.min(bytes.byteLength - done, 1 << 30);
    const { bytesWritten } = await handle.write(bytes, done, length, position + done);
    done += bytesWritten;
  }
}
