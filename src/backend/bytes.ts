/** Tensors as the raw little-endian bytes of a file, without a detour through JavaScript numbers where it can be had. */
import * as tf from './tfjs.ts';
import { storageCode, writeShape } from './torch/addon.ts';
import { addon, TorchBackend } from './torch/index.ts';

export type FloatFileType = 'F32' | 'BF16' | 'F16';
const CODE = { F32: storageCode('float32'), BF16: storageCode('bfloat16'), F16: storageCode('float16') };

/** A float32 tensor from raw bytes. Throws when their number does not fit the shape. */
export function tensorFromBytes(bytes: Uint8Array, type: FloatFileType, shape: number[]): tf.Tensor {
  const backend = tf.backend();
  if (backend instanceof TorchBackend) {
    writeShape(shape);
    const info = backend.wrap(addon().createFromBytes(bytes, CODE[type], CODE.F32), 'float32', shape);
    return tf.engine().makeTensorFromTensorInfo(info);
  }
  return tf.tensor(decode(bytes, type, tf.util.sizeFromShape(shape)), shape, 'float32');
}

/** Gives a variable the values of raw bytes, in place on the torch backend. */
export function assignBytes(variable: tf.Variable, bytes: Uint8Array, type: FloatFileType): void {
  tf.tidy(() => {
    const value = tensorFromBytes(bytes, type, variable.shape);
    const backend = tf.backend();
    if (backend instanceof TorchBackend) addon().copyInto(backend.handle(variable), backend.handle(value));
    else variable.assign(value);
  });
}

/** The values of a float32 tensor as the bytes of a file. */
export function tensorBytes(tensor: tf.Tensor, type: FloatFileType = 'F32'): Uint8Array {
  const backend = tf.backend();
  const width = type === 'F32' ? 4 : 2;
  const bytes = new Uint8Array(tensor.size * width);
  if (backend instanceof TorchBackend) {
    addon().readBytes(backend.handle(tensor), CODE[type], bytes);
    return bytes;
  }
  const values = tensor.dataSync() as Float32Array;
  if (type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (type === 'F16') throw new Error('float16 files are written on the torch backend only');
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(bytes.buffer);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    const nan = (b & 0x7fffffff) > 0x7f800000;
    out[i] = nan ? (b >>> 16) | 0x40 : (b + 0x7fff + ((b >>> 16) & 1)) >>> 16; // to nearest, ties to even
  }
  return bytes;
}

function decode(bytes: Uint8Array, type: FloatFileType, size: number): Float32Array {
  const width = type === 'F32' ? 4 : 2;
  if (bytes.byteLength !== size * width)
    throw new Error(`${bytes.byteLength} bytes for ${size} values of ${type}`);
  const aligned = bytes.slice();
  if (type === 'F32') return new Float32Array(aligned.buffer);
  const halves = new Uint16Array(aligned.buffer);
  const bits = new Uint32Array(size);
  if (type === 'BF16') for (let i = 0; i < size; i++) bits[i] = halves[i]! << 16;
  else for (let i = 0; i < size; i++) bits[i] = float16Bits(halves[i]!);
  return new Float32Array(bits.buffer);
}

function float16Bits(h: number): number {
  const sign = (h & 0x8000) << 16;
  const exponent = (h >>> 10) & 31;
  const mantissa = h & 1023;
  if (exponent === 31) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  const shift = Math.clz32(mantissa) - 21; // subnormal: bring its first bit to the implicit place
  return sign | ((113 - shift) << 23) | (((mantissa << shift) & 1023) << 13);
}
