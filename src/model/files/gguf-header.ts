/**
 * The header of a GGUF file: metadata and the list of tensors
 * (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little endian).
 *
 * Every count is held against the bytes that are left before anything of that size is made.
 */

import type { Problem } from '../../errors.ts';
import { UserError } from '../../errors.ts';
import { countElements } from './dtype.ts';
import { GGML_TYPES, type GgmlType, unreadType } from './ggml.ts';
import type { OpenFile } from './positional.ts';

/** Lists of truth values are bytes 0 and 1. */
export type GgufArray = readonly string[] | ArrayLike<number> | ArrayLike<bigint>;
export type GgufValue = number | bigint | boolean | string | GgufArray;

export interface GgufTensor {
  name: string;
  type: GgmlType;
  /** Outermost first, as everywhere but in the file itself. */
  shape: number[];
  /** First byte, counted from the start of the file. */
  start: number;
  byteLength: number;
}

export interface GgufHeader {
  metadata: Map<string, GgufValue>;
  tensors: GgufTensor[];
}

/** First guess of a header's size; a vocabulary of 262144 tokens takes 6 MB. */
const FIRST_WINDOW = 1 << 20;
/** No header is anywhere near; beyond, the counts are damaged. */
const LARGEST_HEADER = 1 << 28;
/** Bytes that the smallest tensor entry takes: empty name, no dimensions. */
const TENSOR_ENTRY = 8 + 4 + 4 + 8;
/** The largest released models have a few thousand tensors. */
const MOST_TENSORS = 65536;

/** Thrown while parsing when the window ends before the header does. */
class NeedMore extends Error {}

/**
 * Reads and checks the header.
 * @throws UserError saying what is wrong with the file
 */
export async function readGgufHeader(file: OpenFile): Promise<GgufHeader> {
  for (let size = FIRST_WINDOW; ; size *= 8) {
    const window = new Uint8Array(Math.min(size, file.size, LARGEST_HEADER));
    await file.readInto(window, 0);
    try {
      return parse(window, file);
    } catch (error) {
      if (!(error instanceof NeedMore)) throw error;
      if (window.length === file.size)
        refuse(file, 'ends within its header: it was cut short, or its counts are damaged.');
      if (window.length === LARGEST_HEADER)
        refuse(file, `has a header of more than ${LARGEST_HEADER} bytes.`);
    }
  }
}

function refuse(file: OpenFile, message: string): never {
  throw new UserError({ file: file.path, message });
}

function parse(window: Uint8Array, file: OpenFile): GgufHeader {
  const cursor = new Cursor(window, file);
  if (file.size < 24 || cursor.uint32() !== 0x46554747)
    refuse(file, 'is no GGUF file: it does not begin with "GGUF".');
  const version = cursor.uint32();
  if (version !== 2 && version !== 3) {
    const swapped = (version & 0xffff) === 0 && version !== 0;
    refuse(
      file,
      swapped
        ? 'is a big-endian GGUF file; little endian is needed.'
        : `is GGUF version ${version}; 2 and 3 are known.`,
    );
  }
  const tensorCount = cursor.count(TENSOR_ENTRY, 'tensors');
  if (tensorCount > MOST_TENSORS)
    refuse(file, `says that it has ${tensorCount} tensors; at most ${MOST_TENSORS} are allowed.`);
  const metadataCount = cursor.count(8 + 4 + 1, 'metadata entries');
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < metadataCount; i++) {
    const key = cursor.string();
    if (metadata.has(key)) refuse(file, `has the metadata ${shown(key)} twice.`);
    metadata.set(key, cursor.value(cursor.uint32()));
  }
  const entries = Array.from({ length: tensorCount }, () => cursor.tensor());
  const alignment = metadata.get('general.alignment') ?? 32;
  if (
    typeof alignment !== 'number' ||
    alignment < 1 ||
    alignment > 65536 ||
    !Number.isInteger(Math.log2(alignment))
  ) {
    refuse(
      file,
      `has "general.alignment" ${shown(String(alignment))}; a power of two up to 65536 is needed.`,
    );
  }
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  return { metadata, tensors: checkTensors(entries, dataStart, alignment, file) };
}

interface Entry {
  name: string;
  shape: number[];
  code: number;
  offset: number;
}

function checkTensors(entries: Entry[], dataStart: number, alignment: number, file: OpenFile): GgufTensor[] {
  const problems: Problem[] = [];
  const tensors: GgufTensor[] = [];
  const names = new Set<string>();
  const unread = new Map<number, string[]>();
  for (const { name, shape, code, offset } of entries) {
    const problem = (message: string) => {
      if (problems.length < 20)
        problems.push({ file: file.path, message: `tensor ${shown(name)} ${message}` });
    };
    const type = GGML_TYPES.get(code);
    if (type === undefined) {
      if (!unread.has(code)) unread.set(code, []);
      unread.get(code)!.push(name);
      continue;
    }
    const byteLength = (countElements(shape) / type.blockSize) * type.blockBytes;
    const start = dataStart + offset;
    if (names.size === names.add(name).size) problem('is there twice.');
    else if ((shape.at(-1) ?? 1) % type.blockSize !== 0)
      problem(`has rows of ${shape.at(-1)}, not whole blocks of ${type.name}.`);
    else if (!Number.isSafeInteger(byteLength) || start + byteLength > file.size) {
      problem(
        `[${shape}] of ${type.name} at byte ${start} does not fit into the file of ${file.size} bytes: it was cut short or is damaged.`,
      );
    } else if (offset % alignment !== 0) problem(`begins at ${offset}, not at a multiple of ${alignment}.`);
    else tensors.push({ name, type, shape, start, byteLength });
  }
  for (const [code, [first, ...others]] of unread) {
    const also = others.length === 0 ? 'has' : `and ${others.length} more have`;
    problems.push({ file: file.path, message: `tensor ${shown(first!)} ${also} ${unreadType(code)}` });
  }
  if (problems.length === 0) {
    const sorted = [...tensors].sort((a, b) => a.start - b.start || a.byteLength - b.byteLength);
    for (const [i, tensor] of sorted.entries()) {
      const before = sorted[i - 1];
      if (before !== undefined && tensor.start < before.start + before.byteLength) {
        problems.push({
          file: file.path,
          message: `tensors ${shown(before.name)} and ${shown(tensor.name)} overlap.`,
        });
        break;
      }
    }
  }
  if (problems.length > 0) throw new UserError(problems);
  return tensors;
}

/** Numeric value types: code -> bytes and reader. */
const NUMBERS: Record<
  number,
  [bytes: number, read: (view: DataView, at: number) => number | bigint | boolean]
> = {
  0: [1, (v, p) => v.getUint8(p)],
  1: [1, (v, p) => v.getInt8(p)],
  2: [2, (v, p) => v.getUint16(p, true)],
  3: [2, (v, p) => v.getInt16(p, true)],
  4: [4, (v, p) => v.getUint32(p, true)],
  5: [4, (v, p) => v.getInt32(p, true)],
  6: [4, (v, p) => v.getFloat32(p, true)],
  7: [1, (v, p) => v.getUint8(p) !== 0],
  10: [8, (v, p) => narrow(v.getBigUint64(p, true))],
  11: [8, (v, p) => narrow(v.getBigInt64(p, true))],
  12: [8, (v, p) => v.getFloat64(p, true)],
};
const STRING = 8;
const ARRAY = 9;

const TYPED = {
  0: Uint8Array,
  1: Int8Array,
  2: Uint16Array,
  3: Int16Array,
  4: Uint32Array,
  5: Int32Array,
  6: Float32Array,
  7: Uint8Array,
  10: BigUint64Array,
  11: BigInt64Array,
  12: Float64Array,
} as const;

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Walks the window; nothing is made before there are enough bytes in the file for it. */
class Cursor {
  position = 0;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #file: OpenFile;

  constructor(window: Uint8Array, file: OpenFile) {
    this.#bytes = Buffer.from(window.buffer);
    this.#view = new DataView(window.buffer);
    this.#file = file;
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** How many things follow of which each takes at least this many bytes. */
  count(leastBytes: number, what: string): number {
    const count = this.#view.getBigUint64(this.#take(8), true);
    const room = this.#file.size - this.position;
    if (count > BigInt(Math.floor(room / leastBytes))) {
      refuse(
        this.#file,
        `says that it has ${count} ${what} at byte ${this.position - 8}, more than its ${room} further bytes can hold.`,
      );
    }
    return Number(count);
  }

  string(): string {
    const length = this.count(1, 'characters in a text');
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  value(type: number): GgufValue {
    if (type === STRING) return this.string();
    if (type === ARRAY) return this.#array();
    const [bytes, read] = this.#number(type);
    return read(this.#view, this.#take(bytes));
  }

  tensor(): Entry {
    const name = this.string();
    const dimensions = this.uint32();
    if (dimensions > 4)
      refuse(this.#file, `tensor ${shown(name)} has ${dimensions} dimensions; at most 4 are allowed.`);
    const size = () => Number(this.#view.getBigUint64(this.#take(8), true));
    const shape = Array.from({ length: dimensions }, size).reverse();
    return { name, shape, code: this.uint32(), offset: size() };
  }

  #array(): GgufArray {
    const type = this.uint32();
    if (type === STRING) {
      const count = this.count(8, 'texts');
      const list: string[] = [];
      for (let i = 0; i < count; i++) list.push(this.string());
      return list;
    }
    if (type === ARRAY)
      refuse(this.#file, `has a list of lists at byte ${this.position}; none is known to GGUF models.`);
    const [bytes] = this.#number(type);
    const count = this.count(bytes, 'numbers');
    const start = this.#take(count * bytes);
    const copy = this.#bytes.buffer.slice(start, start + count * bytes) as ArrayBuffer;
    return new TYPED[type as keyof typeof TYPED](copy);
  }

  #number(type: number) {
    return (
      NUMBERS[type] ?? refuse(this.#file, `has a value of unknown type ${type} before byte ${this.position}.`)
    );
  }

  /** Position of the next `bytes` bytes, which are passed. */
  #take(bytes: number): number {
    const start = this.position;
    if (start + bytes > this.#bytes.length) throw new NeedMore();
    this.position += bytes;
    return start;
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
