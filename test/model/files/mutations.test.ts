/** 10,000 damaged headers: each is either sound all the same, or refused with a reason. Seeded, so that a failure repeats. */

import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { elementBytes } from '../../../src/model/files/dtype.ts';
import { readGgufHeader } from '../../../src/model/files/gguf-header.ts';
import type { OpenFile } from '../../../src/model/files/positional.ts';
import { readHeader } from '../../../src/model/files/safetensors-header.ts';
import { floats, ggufBytes } from './gguf-writer.ts';

const COUNT = 5000;
type Random = () => number;

/** A file in memory that counts what is asked of it. */
function memoryFile(bytes: Uint8Array): OpenFile & { largest: number } {
  const file = {
    path: 'mutated',
    size: bytes.length,
    largest: 0,
    readInto: async (into: Uint8Array, position: number) => {
      file.largest = Math.max(file.largest, into.length);
      if (position < 0 || position + into.length > bytes.length) throw new Error('read outside of the file');
      into.set(bytes.subarray(position, position + into.length));
    },
    close: async () => {},
  };
  return file;
}

const below = (random: Random, n: number) => Math.floor(random() * n);
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)]!;

/** Numbers that have broken readers before. */
const NASTY = [
  0n,
  1n,
  0xffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** One to three of: flipped bit, set byte, nasty number, cut, deletion, insertion, copy of another place. */
function mutate(original: Buffer, headerBytes: number, random: Random): Buffer {
  let bytes = Buffer.from(original);
  for (let times = 1 + below(random, 3); times > 0; times--) {
    const at = below(random, Math.min(headerBytes, bytes.length));
    const length = 1 + below(random, 12);
    switch (below(random, 7)) {
      case 0:
        bytes[at]! ^= 1 << below(random, 8);
        break;
      case 1:
        bytes[at] = below(random, 256);
        break;
      case 2:
        if (at + 8 <= bytes.length) bytes.writeBigUInt64LE(pick(random, NASTY), at);
        break;
      case 3:
        bytes = bytes.subarray(0, at);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 5:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.alloc(length, below(random, 256)),
          bytes.subarray(at),
        ]);
        break;
      default:
        bytes.copy(bytes, at, below(random, bytes.length), Math.min(bytes.length, at + length));
    }
    if (bytes.length === 0) break;
  }
  return bytes;
}

function safetensorsBytes(json: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
  return Buffer.concat([head, Buffer.from(json), Buffer.alloc(64)]);
}

const tensors = {
  __metadata__: { format: 'pt' },
  'model.norm.weight': { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
  b: { dtype: 'BF16', shape: [16], data_offsets: [16, 48] },
  c: { dtype: 'U8', shape: [2, 2, 4], data_offsets: [48, 64] },
};

/** Changes the text of the header as JSON and fixes its length, so that the damage lies deeper. */
function mutateJson(random: Random): Buffer {
  const numbers = [
    '-1',
    '1e3',
    '1e999',
    '0.5',
    '9007199254740993',
    '"x"',
    'null',
    '[]',
    '{}',
    '0',
    '16',
    '48',
  ];
  let json = JSON.stringify(tensors);
  for (let times = 1 + below(random, 3); times > 0; times--) {
    const found = [...json.matchAll(/\d+|"[^"]*"/g)];
    const target = pick(random, found);
    const end = target.index + target[0].length;
    json = json.slice(0, target.index) + pick(random, [...numbers, pick(random, found)[0]]) + json.slice(end);
  }
  return safetensorsBytes(json);
}

async function tryOne<T>(bytes: Buffer, open: (file: OpenFile) => Promise<T>): Promise<T | undefined> {
  const file = memoryFile(bytes);
  try {
    return await open(file);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.message.length).toBeGreaterThan(20);
    return undefined;
  } finally {
    expect(file.largest).toBeLessThanOrEqual(bytes.length);
  }
}

describe('safetensors', () => {
  it(`${COUNT} mutations are sound or refused`, async () => {
    const random = seedrandom('safetensors');
    const original = safetensorsBytes(JSON.stringify(tensors));
    let sound = 0;
    for (let i = 0; i < COUNT; i++) {
      const bytes = i % 2 === 0 ? mutate(original, original.length - 64, random) : mutateJson(random);
      const header = await tryOne(bytes, readHeader);
      if (header === undefined) continue;
      sound++;
      let covered = 0;
      for (const { shape, dtype, start, byteLength } of header.entries) {
        expect(shape.reduce((a, b) => a * b, elementBytes(dtype))).toBe(byteLength);
        expect(start + byteLength).toBeLessThanOrEqual(bytes.length);
        covered += byteLength;
      }
      expect(covered).toBe(bytes.length - 8 - Number(bytes.readBigUInt64LE()));
    }
    expect(sound).toBeGreaterThan(COUNT / 50);
    expect(sound).toBeLessThan(COUNT / 2);
  });
});

describe('GGUF', () => {
  it(`${COUNT} mutations are sound or refused`, async () => {
    const random = seedrandom('gguf');
    const original = ggufBytes(
      [
        ['general.architecture', { type: 'string', value: 'gemma3' }],
        ['gemma3.block_count', { type: 'uint32', value: 2 }],
        ['tokenizer.ggml.tokens', { type: 'strings', value: ['<pad>', 'a', 'bc'] }],
        ['tokenizer.ggml.scores', { type: 'floats', value: [0, -1, -2] }],
        ['add_bos', { type: 'bool', value: 1 }],
      ],
      [
        floats('token_embd.weight', [3, 4], 1),
        floats('blk.0.attn_q.weight', [4, 4], 1),
        floats('output_norm.weight', [4], 1),
      ],
    );
    let sound = 0;
    for (let i = 0; i < COUNT; i++) {
      const bytes = mutate(original, original.length - 160, random);
      const header = await tryOne(bytes, readGgufHeader);
      if (header === undefined) continue;
      sound++;
      const places = header.tensors.map(({ start, byteLength }) => [start, start + byteLength] as const);
      places.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      for (const [j, [start, end]] of places.entries()) {
        expect(start).toBeGreaterThanOrEqual(j > 0 ? places[j - 1]![1] : 24);
        expect(end).toBeLessThanOrEqual(bytes.length);
      }
      for (const { shape, type, byteLength } of header.tensors) {
        expect((shape.reduce((a, b) => a * b, 1) / type.blockSize) * type.blockBytes).toBe(byteLength);
      }
    }
    expect(sound).toBeGreaterThan(COUNT / 50);
    expect(sound).toBeLessThan(COUNT * 0.7);
  });
});
