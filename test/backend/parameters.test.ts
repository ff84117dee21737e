/** Tensors longer than one piece go from a file's bytes into memory and back without a change. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  emptyParameter,
  type FloatFileType,
  fill,
  memoryInfo,
  pieces,
  rawTypes,
  startBackend,
} from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';

/** 20 MB of bf16, 40 MB of fp32: many pieces, and a part of one. */
const SIZE = 10_000_000;
const BYTES = { F32: 4, BF16: 2, F16: 2 };

/** Bytes whose 16-bit halves are finite bf16 values, and whose 32-bit words are exact in bf16. */
function fileBytes(type: FloatFileType): Uint8Array {
  const bytes = new Uint8Array(SIZE * BYTES[type]);
  const halves = new Uint16Array(bytes.buffer);
  const stride = BYTES[type] / 2;
  for (let i = 0; i < SIZE; i++) halves[i * stride + stride - 1] = 0x3000 + (i % 0x1000);
  return bytes;
}

async function roundTrip(type: FloatFileType): Promise<void> {
  const bytes = fileBytes(type);
  const parameter = emptyParameter([SIZE], 'weight');
  await fill(parameter, type, async (offset, into) => into.set(bytes.subarray(offset, offset + into.length)));
  let offset = 0;
  for (const piece of pieces(parameter, type)) {
    expect(Buffer.compare(piece, bytes.subarray(offset, offset + piece.length))).toBe(0);
    offset += piece.length;
  }
  expect(offset).toBe(bytes.length);
}

afterEach(() => tf.disposeVariables());

for (const storage of ['float32', 'bfloat16'] as const) {
  describe(`on torch, stored as ${storage}`, () => {
    beforeAll(() => startBackend({ name: 'torch', storage }));
    // The smallest of these values in F16 need more bits than bf16 has.
    const types: FloatFileType[] = storage === 'float32' ? ['F32', 'BF16', 'F16'] : ['F32', 'BF16'];
    it.each(types)('%s', roundTrip);
    it('takes the bytes of its storage and no more', async () => {
      const before = memoryInfo().bytes;
      emptyParameter([SIZE], 'weight');
      expect(memoryInfo().bytes - before).toBe(SIZE * (storage === 'float32' ? 4 : 2));
    });
  });
}

describe('on wasm', () => {
  beforeAll(() => startBackend({ name: 'wasm' }));
  it('F32', () => roundTrip('F32'));
  it('knows no other raw type', () => expect(rawTypes()).toEqual(['F32']));
});
