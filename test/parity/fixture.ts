/** Reads what dump.py wrote. Its own small safetensors reader: the one under test must not vouch for itself. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Raised together with VERSION in dump.py. */
const VERSION = 1;
const ROOT = fileURLToPath(new URL('../fixtures/parity/', import.meta.url));

export interface Values {
  shape: number[];
  data: Float32Array | Int32Array;
}

/** All F32 and I32 tensors of a safetensors file. */
export function readValues(path: string): Map<string, Values> {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const values = new Map<string, Values>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [start, end] = entry.data_offsets;
    const copy = new Uint8Array(bytes.subarray(8 + headerLength + start, 8 + headerLength + end)).buffer;
    if (entry.dtype !== 'F32' && entry.dtype !== 'I32') throw new Error(`${path}: ${name} is ${entry.dtype}`);
    values.set(name, {
      shape: entry.shape,
      data: entry.dtype === 'F32' ? new Float32Array(copy) : new Int32Array(copy),
    });
  }
  return values;
}

export interface Fixture {
  name: string;
  /** A Hugging Face directory without a tokenizer. */
  dir: string;
  values: Map<string, Values>;
  /** Real tokens in each row; padding, if any, is on the right. */
  lengths: number[];
  numTokens: number;
}

/** The tensor `name` of a fixture as float32. */
export function floats(fixture: Fixture, name: string): Float32Array {
  const found = fixture.values.get(name);
  if (!(found?.data instanceof Float32Array))
    throw new Error(`${fixture.name} holds no float tensor ${name}`);
  return found.data;
}

/** The tensor `name` of a fixture as int32. */
export function ints(fixture: Fixture, name: string): Int32Array {
  const found = fixture.values.get(name);
  if (!(found?.data instanceof Int32Array))
    throw new Error(`${fixture.name} holds no integer tensor ${name}`);
  return found.data;
}

export function loadFixtures(): Fixture[] {
  const version = JSON.parse(readFileSync(`${ROOT}version.json`, 'utf8')) as {
    version: number;
    shapes: string[];
    regenerate: string;
  };
  if (version.version !== VERSION) {
    throw new Error(
      `test/fixtures/parity has version ${version.version}, this test reads ${VERSION}: ${version.regenerate}`,
    );
  }
  return version.shapes.map((name) => {
    const dir = `${ROOT}${name}`;
    const values = readValues(`${dir}/expected.safetensors`);
    const [numRows, numTokens] = values.get('tokens')!.shape as [number, number];
    const mask = values.get('mask')!.data;
    const lengths = Array.from(
      { length: numRows },
      (_, row) => mask.subarray(row * numTokens, (row + 1) * numTokens).filter((bit) => bit === 1).length,
    );
    return { name, dir, values, lengths, numTokens };
  });
}

/** The largest |a - b|; NaN counts as infinite. */
export function maxAbsDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return worst;
}

/** |a - b| / |b|, Euclidean norms in float64; NaN counts as infinite. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < a.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  const ratio = Math.sqrt(difference) / Math.sqrt(norm);
  return Number.isNaN(ratio) ? (difference === 0 ? 0 : Number.POSITIVE_INFINITY) : ratio;
}

/** Index of the largest value in each row of `width`. */
export function argmaxRows(data: ArrayLike<number>, width: number): number[] {
  return Array.from({ length: data.length / width }, (_, row) => {
    let best = row * width;
    for (let i = best + 1; i < (row + 1) * width; i++) if (data[i]! > data[best]!) best = i;
    return best - row * width;
  });
}

/** The real (unpadded) part of each row of `[B, T, width]`, rows one after the other. */
export function realRows(data: Float32Array, fixture: Fixture, width: number): Float32Array {
  const parts = fixture.lengths.map((length, row) =>
    data.subarray(row * fixture.numTokens * width, (row * fixture.numTokens + length) * width),
  );
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
