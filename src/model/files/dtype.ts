/**
 * Number formats of weight files and their conversion to and from float32.
 *
 * Files are little endian and so is every machine that Node runs on with libtorch or wasm, so bytes are viewed, not parsed.
 */

/** Dtypes of safetensors with whole-byte elements. */
const BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
} as const;

export type SafetensorsDtype = keyof typeof BYTES;

/** Formats that hold real numbers plainly; the only ones that weights are written in. */
export type FloatDtype = 'F32' | 'F16' | 'BF16';

const QUANTISED = ['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'Q4_K', 'Q5_K', 'Q6_K'] as const;

/** Quantised block formats of GGUF. */
export type QuantDtype = (typeof QUANTISED)[number];

export type FileDtype = SafetensorsDtype | QuantDtype;

export const safetensorsDtypes = Object.keys(BYTES) as SafetensorsDtype[];

export function isSafetensorsDtype(name: unknown): name is SafetensorsDtype {
  return typeof name === 'string' && Object.hasOwn(BYTES, name);
}

export function isFloatDtype(dtype: FileDtype): dtype is FloatDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

export function isQuantDtype(dtype: FileDtype): dtype is QuantDtype {
  return (QUANTISED as readonly string[]).includes(dtype);
}

/** Bytes of one element. */
export function elementBytes(dtype: SafetensorsDtype): number {
  return BYTES[dtype];
}

/** Number of elements of a shape; NaN where a product would no longer be exact. */
export function countElements(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return Number.isSafeInteger(count) ? count : Number.NaN;
}

/**
 * Widens stored values to float32 (exactly: every F16 and BF16 value is a float32 value).
 * @param bytes whole elements; of F32, an aligned view is returned as it is, without a copy
 */
export function toFloat32(bytes: Uint8Array, dtype: FloatDtype): Float32Array {
  switch (dtype) {
    case 'F32':
      return new Float32Array(...aligned(bytes, 4));
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(...aligned(bytes, 2)));
    case 'F16':
      return float16ToFloat32(new Uint16Array(...aligned(bytes, 2)));
  }
}

/**
 * Rounds float32 values to nearest, ties to even, as torch does; a NaN stays a NaN.
 * @returns little-endian bytes; of F32, a view of the same memory
 */
export function fromFloat32(values: Float32Array, dtype: FloatDtype): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  switch (dtype) {
    case 'F32':
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    case 'BF16':
      return new Uint8Array(bitsToBfloat16(bits).buffer);
    case 'F16':
      return new Uint8Array(bitsToFloat16(bits).buffer);
  }
}

/** Arguments of a typed-array view of `bytes`; copied only where the offset is not a multiple of the element. */
function aligned(bytes: Uint8Array, size: number): [ArrayBufferLike, number, number] {
  const whole = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return [whole.buffer, whole.byteOffset, whole.byteLength / size];
}

function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

function bitsToBfloat16(bits: Uint32Array): Uint16Array {
  const out = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    // Adding 0x7fff plus the lowest kept bit rounds to nearest even; a NaN must not carry over into infinity.
    out[i] = (b & 0x7fffffff) > 0x7f800000 ? (b >>> 16) | 0x40 : (b + 0x7fff + ((b >>> 16) & 1)) >>> 16;
  }
  return out;
}

let float16Table: Float32Array | undefined;

/** float32 value of every float16 bit pattern (256 KB, made on first use). */
export function float16Values(): Float32Array {
  if (float16Table !== undefined) return float16Table;
  float16Table = new Float32Array(65536);
  for (let h = 0; h < 65536; h++) {
    const sign = h & 0x8000 ? -1 : 1;
    const exponent = (h >>> 10) & 31;
    const fraction = h & 1023;
    if (exponent === 31) float16Table[h] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else if (exponent === 0) float16Table[h] = sign * fraction * 2 ** -24;
    else float16Table[h] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return float16Table;
}

function float16ToFloat32(halves: Uint16Array): Float32Array {
  const table = float16Values();
  const out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) out[i] = table[halves[i]!]!;
  return out;
}

function bitsToFloat16(bits: Uint32Array): Uint16Array {
  const out = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = float16Bits(bits[i]!);
  return out;
}

function float16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // from 65520 up everything rounds to infinity
  if (magnitude >= 0x38800000) {
    // Normal: the exponent moves from bias 127 to 15, 13 bits of fraction go.
    const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1);
    return sign | (rounded >>> 13);
  }
  if (magnitude < 0x33000000) return sign; // below half of the least subnormal, 2^-25
  const shift = 126 - (magnitude >>> 23);
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const kept = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (rest > half || (rest === half && kept & 1) ? kept + 1 : kept);
}
