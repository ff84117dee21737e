/**
 * Writes small GGUF files: version 3, little endian, tensors of float32. Not for models: all of it is in memory once more.
 * (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md)
 */
import { countElements } from './dtype.ts';

/** A tensor for the file. */
export interface GgufTensorToWrite {
  name: string;
  /** Outermost first. */
  shape: readonly number[];
  values: Float32Array;
}

/** What a reader assumes where `general.alignment` is not said. */
const ALIGNMENT = 32;
const MAGIC = 'GGUF';
const VERSION = 3;
const F32 = 0;
/** Codes of value types. */
const UINT32 = 4;
const TEXT = 8;

/**
 * The bytes of the file. Every tensor is padded, the last one too: llama.cpp reads the padding with it.
 *
 * @param metadata texts, and whole numbers of 32 bits without a sign
 * @throws Error if values do not fill a shape, or a number is none of those
 */
export function ggufBytes(
  metadata: ReadonlyMap<string, string | number>,
  tensors: readonly GgufTensorToWrite[],
): Uint8Array {
  const header = [Buffer.from(MAGIC), uint32(VERSION), uint64(tensors.length), uint64(metadata.size)];
  for (const [key, value] of metadata) header.push(text(key), ...valueBytes(key, value));
  const data: Buffer[] = [];
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    if (countElements(shape) !== values.length)
      throw new Error(`${name} of shape [${shape}] has ${values.length} values`);
    const sizes = [...shape].reverse().map(uint64);
    header.push(text(name), uint32(shape.length), ...sizes, uint32(F32), uint64(offset));
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const padded = padding(bytes.length);
    data.push(bytes, padded);
    offset += bytes.length + padded.length;
  }
  const head = Buffer.concat(header);
  return Buffer.concat([head, padding(head.length), ...data]);
}

function valueBytes(key: string, value: string | number): Buffer[] {
  if (typeof value === 'string') return [uint32(TEXT), text(value)];
  if (value >>> 0 !== value) throw new Error(`${key} is ${value}, no whole number of 32 bits`);
  return [uint32(UINT32), uint32(value)];
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function padding(length: number): Buffer {
  return Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}
