/**
 * Variables that hold a model's weights: stored as the backend's setting says, named for whoever reads of them in an
 * error, filled and read in pieces so that no tensor lies in memory twice.
 */
import * as tf from './tfjs.ts';
import { storageCode, writeShape } from './torch/addon.ts';
import { addon, TorchBackend } from './torch/index.ts';

export type FloatFileType = 'F32' | 'BF16' | 'F16';
/** How float32 tensors are physically kept. */
export type StorageType = 'float32' | 'bfloat16';

const CODE = { F32: storageCode('float32'), BF16: storageCode('bfloat16'), F16: storageCode('float16') };
const BYTES = { F32: 4, BF16: 2, F16: 2 };
/** Bytes that cross at once: large against the cost of a call, small enough to stay in the second-level cache. */
const PIECE = 1 << 20;

/** What weights are stored as here. */
export function storageType(): StorageType {
  const backend = tf.backend();
  return backend instanceof TorchBackend ? backend.storageType : 'float32';
}

/** The types whose raw bytes this backend takes and gives: all on torch, F32 elsewhere. */
export function rawTypes(): readonly FloatFileType[] {
  return tf.backend() instanceof TorchBackend ? ['F32', 'BF16', 'F16'] : ['F32'];
}

/** A trainable variable with the values of a float32 tensor, which is disposed of. */
export function parameterOf(value: tf.Tensor, name: string): tf.Variable {
  const backend = tf.backend();
  if (!(backend instanceof TorchBackend) || backend.storageType === 'float32')
    return named(variableOf(value, true), name);
  const handle = addon().cast(backend.handle(value), storageCode(backend.storageType));
  const stored = tf
    .engine()
    .makeTensorFromTensorInfo(backend.wrap(handle, 'float32', value.shape as number[]));
  value.dispose();
  return named(variableOf(stored, true), name);
}

/** A variable whose values are not set yet: `fill` comes next. */
export function emptyParameter(shape: readonly number[], name: string): tf.Variable {
  const backend = tf.backend();
  if (!(backend instanceof TorchBackend)) return variableOf(tf.zeros([...shape]), true);
  writeShape(shape);
  const info = backend.wrap(addon().empty(storageCode(backend.storageType)), 'float32', [...shape]);
  return named(variableOf(tf.engine().makeTensorFromTensorInfo(info), true), name);
}

/** A float32 variable of zeros that no gradient is taken of: state beside the weights, in fp32 on every backend. */
export function zeroState(shape: readonly number[], name: string): tf.Variable {
  return named(variableOf(tf.zeros([...shape]), false), name);
}

/** A copy of a parameter in fp32 whatever it is stored as. */
export function float32Copy(parameter: tf.Variable, name: string): tf.Variable {
  const copy = zeroState(parameter.shape, name);
  const backend = tf.backend();
  if (backend instanceof TorchBackend) addon().copyInto(backend.handle(copy), backend.handle(parameter));
  else copy.assign(parameter);
  return copy;
}

/**
 * Fills a variable, in place on torch, from the raw little-endian values of a file.
 *
 * @param read puts the bytes from `offset` on into `into`
 * @param type one of `rawTypes()`
 */
export async function fill(
  variable: tf.Variable,
  type: FloatFileType,
  read: (offset: number, into: Uint8Array) => Promise<unknown>,
): Promise<void> {
  const total = variable.size * BYTES[type];
  const backend = tf.backend();
  if (!(backend instanceof TorchBackend)) {
    requireRaw(type);
    const values = new Float32Array(variable.size);
    if (total > 0) await read(0, new Uint8Array(values.buffer));
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape, 'float32')));
    return;
  }
  // One buffer is read into while the other is taken over.
  const buffers = [new Uint8Array(Math.min(PIECE, total)), new Uint8Array(Math.min(PIECE, total))] as const;
  const start = async (offset: number) => {
    const piece = buffers[(offset / PIECE) % 2]!.subarray(0, Math.min(PIECE, total - offset));
    await read(offset, piece);
    return piece;
  };
  let next = total > 0 ? start(0) : undefined;
  for (let offset = 0; offset < total; offset += PIECE) {
    const piece = await next!;
    if (offset + PIECE < total) next = start(offset + PIECE);
    addon().writeBytes(backend.handle(variable), offset / BYTES[type], CODE[type], piece);
  }
}

/** The values of a tensor as the raw little-endian bytes of one of `rawTypes`, piece by piece; each only until the next. */
export function* pieces(tensor: tf.Tensor, type: FloatFileType = 'F32'): Generator<Uint8Array> {
  const total = tensor.size * BYTES[type];
  const backend = tf.backend();
  if (!(backend instanceof TorchBackend)) {
    requireRaw(type);
    const values = tensor.dataSync() as Float32Array;
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return;
  }
  const buffer = new Uint8Array(Math.min(PIECE, total));
  for (let offset = 0; offset < total; offset += PIECE) {
    const piece = buffer.subarray(0, Math.min(PIECE, total - offset));
    addon().readBytes(backend.handle(tensor), offset / BYTES[type], CODE[type], piece);
    yield piece;
  }
}

function requireRaw(type: FloatFileType): void {
  if (type !== 'F32')
    throw new Error(`${tf.getBackend()} takes and gives raw bytes as F32 only, not ${type}`);
}

function variableOf(value: tf.Tensor, trainable: boolean): tf.Variable {
  const variable = tf.variable(value, trainable);
  value.dispose();
  return variable;
}

/** Tells the allocator what a tensor is: its name stands in the message of an allocation that fails. */
function named(variable: tf.Variable, name: string): tf.Variable {
  const backend = tf.backend();
  if (backend instanceof TorchBackend) addon().label(backend.handle(variable), name);
  return variable;
}
