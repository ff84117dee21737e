import { describe, expect, it } from 'vitest';
import { countElements, fromFloat32, toFloat32 } from '../../../src/model/files/dtype.ts';

const f32 = (...values: number[]) => new Float32Array(values);
const halves = (bytes: Uint8Array) => [
  ...new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2),
];

describe('bf16', () => {
  it('rounds to nearest, ties to even', () => {
    // 1 + 2^-8 lies between 1 (even) and 1 + 2^-7 (odd); 1 + 3 * 2^-8 between 1 + 2^-7 and 1 + 2^-6 (even).
    const values = f32(1, 1 + 2 ** -8, 1 + 2 ** -8 + 2 ** -20, 1 + 3 * 2 ** -8, -1 - 2 ** -8, 3.4e38, 0, -0);
    const bits = [0x3f80, 0x3f80, 0x3f81, 0x3f82, 0xbf80, 0x7f80, 0, 0x8000];
    expect(halves(fromFloat32(values, 'BF16'))).toEqual(bits);
  });

  it('keeps a NaN whose payload lies in the cut bits a NaN', () => {
    const nan = new Float32Array(new Uint32Array([0x7f800001, 0xffffffff]).buffer);
    expect([...toFloat32(fromFloat32(nan, 'BF16'), 'BF16')]).toEqual([Number.NaN, Number.NaN]);
  });
});

describe('f16', () => {
  it('rounds to nearest, ties to even, through subnormals to infinity', () => {
    const values = f32(
      1,
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      65504,
      65519.99,
      65520,
      2 ** -14,
      2 ** -24,
      2 ** -25,
      1.5 * 2 ** -25,
      -(2 ** -23) * 1.75,
    );
    const bits = [0x3c00, 0x3c00, 0x3c02, 0x7bff, 0x7bff, 0x7c00, 0x0400, 1, 0, 1, 0x8004];
    expect(halves(fromFloat32(values, 'F16'))).toEqual(bits);
  });
});

describe.each(['F16', 'BF16'] as const)('%s', (dtype) => {
  it('comes back bit for bit from float32, whatever the pattern', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const back = halves(fromFloat32(toFloat32(new Uint8Array(all.buffer), dtype), dtype));
    const infinity = dtype === 'F16' ? 0x7c00 : 0x7f80;
    const isNaNBits = (bits: number) => (bits & 0x7fff) > infinity;
    const wrong = back.filter((bits, i) => (isNaNBits(i) ? !isNaNBits(bits) : bits !== i));
    expect(wrong).toEqual([]);
  });

  it('rounds every float32 to one of its two neighbours, the nearer one', () => {
    let state = 1;
    const bits = Uint32Array.from(
      { length: 20_000 },
      () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0),
    );
    const values = new Float32Array(bits.buffer).filter((x) => Number.isFinite(x) && Math.abs(x) < 60000);
    const rounded = toFloat32(fromFloat32(values, dtype), dtype);
    const stored = new Uint16Array(fromFloat32(values, dtype).buffer);
    const neighbour = (step: number) =>
      toFloat32(new Uint8Array(stored.map((half) => half + step).buffer), dtype);
    const [below, above] = [neighbour(-1), neighbour(1)];
    const far = [...values].filter((x, i) => {
      const error = Math.abs(rounded[i]! - x);
      return error > Math.abs(below[i]! - x) || error > Math.abs(above[i]! - x);
    });
    expect(far).toEqual([]);
  });

  it('reads bytes at an odd address', () => {
    const bytes = new Uint8Array([9, ...fromFloat32(f32(1.5, -2), dtype)]);
    expect([...toFloat32(bytes.subarray(1), dtype)]).toEqual([1.5, -2]);
  });
});

describe('countElements', () => {
  it('counts a scalar as one and gives NaN where a product is no longer exact', () => {
    expect(countElements([])).toBe(1);
    expect(countElements([3, 0, 2])).toBe(0);
    expect(countElements([2 ** 30, 2 ** 30])).toBeNaN();
  });
});
