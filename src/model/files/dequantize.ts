/**
 * GGUF's quantised blocks -> float32, value by value what the `gguf` Python package 0.19 gives.
 *
 * Layouts from ggml-quants.c. Every product of a half-precision scale and small integers is exact in a double, so that
 * the one rounding on storing is the one that float32 arithmetic makes.
 */

import { float16Values, type QuantDtype } from './dtype.ts';

/** Fills `out` from whole blocks; the function for one format. */
type Dequantize = (bytes: Uint8Array, out: Float32Array, half: Float32Array) => void;

/**
 * Values of whole blocks.
 * @param out as many values as the blocks hold
 */
export function dequantize(bytes: Uint8Array, dtype: QuantDtype, out: Float32Array): Float32Array {
  BY_DTYPE[dtype](bytes, out, float16Values());
  return out;
}

/** 32 values: scale, 32 bytes. */
const q8_0: Dequantize = (bytes, out, half) => {
  for (let b = 0, o = 0; o < out.length; b += 34, o += 32) {
    const d = half[bytes[b]! | (bytes[b + 1]! << 8)]!;
    for (let i = 0; i < 32; i++) out[o + i] = d * ((bytes[b + 2 + i]! << 24) >> 24);
  }
};

/** 32 values: scale, 16 bytes with value i low and value i + 16 high. */
const q4_0: Dequantize = (bytes, out, half) => {
  for (let b = 0, o = 0; o < out.length; b += 18, o += 32) {
    const d = half[bytes[b]! | (bytes[b + 1]! << 8)]!;
    for (let i = 0; i < 16; i++) {
      const q = bytes[b + 2 + i]!;
      out[o + i] = d * ((q & 15) - 8);
      out[o + 16 + i] = d * ((q >> 4) - 8);
    }
  }
};

/** As Q4_0 with a minimum in place of the offset 8. */
const q4_1: Dequantize = (bytes, out, half) => {
  for (let b = 0, o = 0; o < out.length; b += 20, o += 32) {
    const d = half[bytes[b]! | (bytes[b + 1]! << 8)]!;
    const m = half[bytes[b + 2]! | (bytes[b + 3]! << 8)]!;
    for (let i = 0; i < 16; i++) {
      const q = bytes[b + 4 + i]!;
      out[o + i] = d * (q & 15) + m;
      out[o + 16 + i] = d * (q >> 4) + m;
    }
  }
};

/** As Q4_0 with the fifth bits of all 32 values in four bytes of their own. */
const q5_0: Dequantize = (bytes, out, half) => {
  for (let b = 0, o = 0; o < out.length; b += 22, o += 32) {
    const d = half[bytes[b]! | (bytes[b + 1]! << 8)]!;
    const high = bytes[b + 2]! | (bytes[b + 3]! << 8) | (bytes[b + 4]! << 16) | (bytes[b + 5]! << 24);
    for (let i = 0; i < 16; i++) {
      const q = bytes[b + 6 + i]!;
      out[o + i] = d * (((q & 15) | (((high >>> i) & 1) << 4)) - 16);
      out[o + 16 + i] = d * (((q >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16);
    }
  }
};

/** As Q5_0 with a minimum in place of the offset 16. */
const q5_1: Dequantize = (bytes, out, half) => {
  for (let b = 0, o = 0; o < out.length; b += 24, o += 32) {
    const d = half[bytes[b]! | (bytes[b + 1]! << 8)]!;
    const m = half[bytes[b + 2]! | (bytes[b + 3]! << 8)]!;
    const high = bytes[b + 4]! | (bytes[b + 5]! << 8) | (bytes[b + 6]! << 16) | (bytes[b + 7]! << 24);
    for (let i = 0; i < 16; i++) {
      const q = bytes[b + 8 + i]!;
      out[o + i] = d * ((q & 15) | (((high >>> i) & 1) << 4)) + m;
      out[o + 16 + i] = d * ((q >> 4) | (((high >>> (i + 16)) & 1) << 4)) + m;
    }
  }
};

/** 256 values in 8 groups with 6-bit scales and minima; `withHigh` adds Q5_K's fifth bits. */
function k45(withHigh: boolean): Dequantize {
  const blockBytes = withHigh ? 176 : 144;
  return (bytes, out, half) => {
    for (let b = 0, o = 0; o < out.length; b += blockBytes, o += 256) {
      const d = half[bytes[b]! | (bytes[b + 1]! << 8)]!;
      const dmin = half[bytes[b + 2]! | (bytes[b + 3]! << 8)]!;
      const high = b + 16;
      const low = withHigh ? b + 48 : b + 16;
      for (let group = 0; group < 8; group++) {
        const s = b + 4 + (group & 3);
        // The first four scales and minima have six bits in one byte; the last four take their top two from those.
        const scale = group < 4 ? bytes[s]! & 63 : (bytes[s + 8]! & 15) | ((bytes[s]! >> 6) << 4);
        const min = group < 4 ? bytes[s + 4]! & 63 : (bytes[s + 8]! >> 4) | ((bytes[s + 4]! >> 6) << 4);
        const step = d * scale;
        const base = dmin * min;
        const from = low + (group >> 1) * 32;
        const shift = (group & 1) * 4;
        const to = o + group * 32;
        if (withHigh) {
          for (let i = 0; i < 32; i++) {
            const fifth = ((bytes[high + i]! >> group) & 1) << 4;
            out[to + i] = step * (((bytes[from + i]! >> shift) & 15) | fifth) - base;
          }
        } else {
          for (let i = 0; i < 32; i++) out[to + i] = step * ((bytes[from + i]! >> shift) & 15) - base;
        }
      }
    }
  };
}

/** 256 values: 128 bytes of low four bits, 64 of high two, 16 signed scales, one scale of them all. */
const q6_k: Dequantize = (bytes, out, half) => {
  for (let b = 0, o = 0; o < out.length; b += 210, o += 256) {
    const d = half[bytes[b + 208]! | (bytes[b + 209]! << 8)]!;
    for (let group = 0; group < 16; group++) {
      const scale = d * ((bytes[b + 192 + group]! << 24) >> 24);
      const side = group >> 3; // halves of 128 values
      const quarter = (group >> 1) & 3; // 32 values each
      const i0 = (group & 1) * 16;
      const low = b + side * 64 + (quarter & 1) * 32 + i0;
      const lowShift = (quarter >> 1) * 4;
      const high = b + 128 + side * 32 + i0;
      const highShift = quarter * 2;
      const to = o + group * 16;
      for (let i = 0; i < 16; i++) {
        const q = ((bytes[low + i]! >> lowShift) & 15) | (((bytes[high + i]! >> highShift) & 3) << 4);
        out[to + i] = scale * (q - 32);
      }
    }
  }
};

const BY_DTYPE: Record<QuantDtype, Dequantize> = {
  Q4_0: q4_0,
  Q4_1: q4_1,
  Q5_0: q5_0,
  Q5_1: q5_1,
  Q8_0: q8_0,
  Q4_K: k45(false),
  Q5_K: k45(true),
  Q6_K: q6_k,
};
