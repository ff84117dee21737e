/** What every weight file looks like to the model: names, shapes, and values on demand. No tensors of TensorFlow.js here. */

import type { FileDtype, SafetensorsDtype } from './dtype.ts';

/** Elements of the largest block of a quantised type: pieces of a tensor begin at its multiples. */
export const LARGEST_BLOCK = 256;

/** One tensor of a file; nothing is read before it is asked for. */
export interface TensorSource {
  /** As in the file, prefix included. */
  name: string;
  dtype: FileDtype;
  shape: readonly number[];
  /** Bytes in the file. */
  byteLength: number;
  /** The file that holds it, for messages. */
  file: string;
  /** Raw little-endian bytes, in fresh memory that starts at offset 0 of its buffer; only these are read from the file. */
  read(): Promise<Uint8Array>;
  /**
   * Part of the raw bytes; with `into` they are put there (its length is what is read) and `into` is returned.
   * @param offset in bytes from the tensor's first
   */
  readRange(offset: number, into: Uint8Array): Promise<Uint8Array>;
  /**
   * Values as float32: F32, F16 and BF16 widened, quantised ones dequantised.
   * @throws UserError for dtypes that hold no real numbers
   */
  readFloat32(): Promise<Float32Array>;
  /**
   * Part of them, so that a tensor larger than what should lie in memory twice is read in pieces.
   * @param first element to begin with, a multiple of `LARGEST_BLOCK`
   * @param into filled; its length is a multiple of `LARGEST_BLOCK` unless it reaches the tensor's end
   */
  readFloat32Into(first: number, into: Float32Array): Promise<Float32Array>;
}

/** An opened weight file, or several shards seen as one. */
export interface TensorFile {
  /** The path that was opened. */
  path: string;
  tensors: ReadonlyMap<string, TensorSource>;
  metadata: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** One tensor to be written; its bytes are asked for once, when their turn comes, and each piece before the next. */
export interface TensorToWrite {
  name: string;
  dtype: SafetensorsDtype;
  shape: readonly number[];
  byteLength: number;
  pieces(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}
