/** Tensors as the raw little-endian bytes of a file. On the torch backend 16-bit floats never become JavaScript numbers. */
import * as tf from './tfjs.ts';
import { storageCode, writeShape } from './torch/addon.ts';
import { addon, TorchBackend } from './torch/index.ts';

export type FloatFileType = 'F32' | 'BF16' | 'F16';
const CODE = { F32: storageCode('float32'), BF16: storageCode('bfloat16'), F16: storageCode('float16') };

/** The types whose raw bytes this backend takes and gives: all on torch, F32 elsewhere. */
export function rawTypes(): readonly FloatFileType[] {
  return tf.backend() instanceof TorchBackend ? ['F32', 'BF16', 'F16'] : ['F32'];
}

/** A float32 tensor from raw bytes of one of `rawTypes`. Throws when their number does not fit the shape. */
export function tensorFromBytes(bytes: Uint8Array, type: FloatFileType, shape: readonly number[]): tf.Tensor {
  const backend = tf.backend();
  if (backend instanceof TorchBackend) {
    writeShape(shape);
    const info = backend.wrap(addon().createFromBytes(bytes, CODE[type], CODE.F32), 'float32', [...shape]);
    return tf.engine().makeTensorFromTensorInfo(info);
  }
  if (type !== 'F32') throw new Error(`${tf.getBackend()} takes raw bytes as F32 only, not ${type}`);
  return tf.tensor(new Float32Array(bytes.slice().buffer), [...shape], 'float32');
}

/** Gives a variable the values of raw bytes, in place on the torch backend. */
export function assignBytes(variable: tf.Variable, bytes: Uint8Array, type: FloatFileType = 'F32'): void {
  tf.tidy(() => {
    const value = tensorFromBytes(bytes, type, variable.shape);
    const backend = tf.backend();
    if (backend instanceof TorchBackend) addon().copyInto(backend.handle(variable), backend.handle(value));
    else variable.assign(value);
  });
}

/** The values of a float32 tensor as raw bytes of one of `rawTypes`. */
export function tensorBytes(tensor: tf.Tensor, type: FloatFileType = 'F32'): Uint8Array {
  const backend = tf.backend();
  if (backend instanceof TorchBackend) {
    const bytes = new Uint8Array(tensor.size * (type === 'F32' ? 4 : 2));
    addon().readBytes(backend.handle(tensor), CODE[type], bytes);
    return bytes;
  }
  if (type !== 'F32') throw new Error(`${tf.getBackend()} gives raw bytes as F32 only, not ${type}`);
  const values = tensor.dataSync() as Float32Array;
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
