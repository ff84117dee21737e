/**
 * The TensorFlow.js backend `torch`: tensors live in the addon's table, a dataId is the record that holds the handle.
 *
 * A `float32` tensor of TensorFlow.js may be stored as bf16; everything reports it as float32. Kernels store what they
 * compute like the tensor they compute it from, and compute in fp32 but for products of matrices (native/matmul.cc).
 */
import * as tf from '../tfjs.ts';
import {
  addon,
  type Handle,
  readShape,
  STORAGE,
  type Storage,
  scratch,
  storageCode,
  writeShape,
} from './addon.ts';

/** What TensorFlow.js carries around as `dataId`; the engine only compares it. */
export interface TorchData {
  /** undefined once freed; strings stay in JavaScript and have none. */
  handle: Handle | undefined;
  references: number;
  dtype: tf.DataType;
  strings: Uint8Array[] | undefined;
}

type Values = tf.backend_util.BackendValues | null | undefined;

/** Bytes and tensors in use, beside what TensorFlow.js counts (which takes 4 bytes an element whatever the storage). */
export interface TorchMemory {
  unreliable: boolean;
  bytesInUse: number;
  peakBytes: number;
  keptBytes: number;
  slots: number;
}

export class TorchBackend extends tf.KernelBackend {
  /** What weights and activations are stored as; norms, softmax, losses, gradients of weights and optimizer state are fp32. */
  storageType: 'float32' | 'bfloat16' = 'float32';
  /** `cpu` or `cuda:N`: where tensors are. */
  device = 'cpu';
  /** False where the fused kernels that are written for the CPU must not run. */
  runsOwnKernels = true;
  private live = 0;
  private readonly memoryValues = new Float64Array(4);

  /** The handle behind a tensor; moves it here first when another backend holds it. */
  handle(tensor: tf.TensorInfo): Handle {
    const data = tensor.dataId as TorchData;
    if (data.handle === undefined) {
      if (data.strings) throw new Error('string tensors cannot be computed with on the torch backend');
      (tf.engine() as unknown as { moveData(backend: tf.KernelBackend, dataId: object): void }).moveData(
        this,
        data,
      );
    }
    return data.handle!;
  }

  /** Wraps a handle that a kernel returned; without a shape, the one the kernel left in scratch. */
  wrap(handle: Handle, dtype: tf.DataType, shape: number[] = readShape()): tf.TensorInfo {
    this.live++;
    const data: TorchData = { handle, references: 1, dtype, strings: undefined };
    return { dataId: data, shape, dtype };
  }

  /** The same data under another shape or dtype, counted once more. */
  alias(
    tensor: tf.TensorInfo,
    shape: number[] = tensor.shape,
    dtype: tf.DataType = tensor.dtype,
  ): tf.TensorInfo {
    const data = tensor.dataId as TorchData;
    if (!data.strings) this.handle(tensor);
    data.references++;
    return { dataId: data, shape, dtype };
  }

  override write(values: Values, shape: number[], dtype: tf.DataType): object {
    const data: TorchData = { handle: undefined, references: 1, dtype, strings: undefined };
    this.move(data, values, shape, dtype, 1);
    return data;
  }

  override move(dataId: object, values: Values, shape: number[], dtype: tf.DataType, refCount: number): void {
    const data = dataId as TorchData;
    data.references = refCount;
    data.dtype = dtype;
    if (dtype === 'complex64') throw new Error('complex64 is not supported by the torch backend');
    this.live++;
    if (dtype === 'string') data.strings = values as Uint8Array[];
    else data.handle = this.create(values, shape, dtype);
  }

  private create(values: Values, shape: number[], dtype: 'float32' | 'int32' | 'bool'): Handle {
    writeShape(shape);
    if (values === null || values === undefined) return addon().fill(0, storageCode(dtype));
    const typed =
      dtype === 'float32'
        ? values instanceof Float32Array
          ? values
          : Float32Array.from(values as ArrayLike<number>)
        : dtype === 'int32'
          ? values instanceof Int32Array
            ? values
            : Int32Array.from(values as ArrayLike<number>)
          : values instanceof Uint8Array
            ? values
            : Uint8Array.from(values as ArrayLike<number>);
    return addon().create(typed, storageCode(dtype));
  }

  override refCount(dataId: object): number {
    const data = dataId as TorchData;
    return data.handle === undefined && data.strings === undefined ? 0 : data.references;
  }

  override incRef(dataId: object): void {
    (dataId as TorchData).references++;
  }

  override disposeData(dataId: object, force = false): boolean {
    const data = dataId as TorchData;
    if (data.handle === undefined && data.strings === undefined) return true;
    data.references--;
    if (!force && data.references > 0) return false;
    if (data.handle !== undefined) addon().free(data.handle);
    data.handle = undefined;
    data.strings = undefined;
    this.live--;
    return true;
  }

  disposeInfo(tensor: tf.TensorInfo): void {
    this.disposeData(tensor.dataId);
  }

  override numDataIds(): number {
    return this.live;
  }

  override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
    return this.readSync(dataId);
  }

  override readSync(dataId: object): tf.backend_util.BackendValues {
    const data = dataId as TorchData;
    if (data.strings) return data.strings;
    const handle = data.handle!;
    const size = this.elements(handle);
    const values =
      data.dtype === 'float32'
        ? new Float32Array(size)
        : data.dtype === 'int32'
          ? new Int32Array(size)
          : new Uint8Array(size);
    if (size > 0) addon().read(handle, values);
    return values;
  }

  private elements(handle: Handle): number {
    // A flat view costs nothing and leaves its length in scratch.
    writeShape([-1]);
    const flat = addon().reshape(handle);
    const size = scratch[1]!;
    addon().free(flat);
    return size;
  }

  /** How a tensor is physically stored. */
  storage(tensor: tf.TensorInfo): Storage {
    return STORAGE[addon().storage(this.handle(tensor))]!;
  }

  bufferSync<R extends tf.Rank, D extends tf.DataType>(tensor: tf.TensorInfo): tf.TensorBuffer<R, D> {
    const values = this.readSync(tensor.dataId);
    const decoded =
      tensor.dtype === 'string' ? (values as Uint8Array[]).map((v) => tf.util.decodeString(v)) : values;
    return tf.buffer(
      tensor.shape as tf.ShapeMap[R],
      tensor.dtype as D,
      decoded as tf.DataTypeMap[D],
    ) as tf.TensorBuffer<R, D>;
  }

  override memory(): TorchMemory {
    addon().memory(this.memoryValues);
    const [bytesInUse, peakBytes, keptBytes, slots] = this.memoryValues;
    return {
      unreliable: false,
      bytesInUse: bytesInUse!,
      peakBytes: peakBytes!,
      keptBytes: keptBytes!,
      slots: slots!,
    };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7; // tfjs-core's EPSILON_FLOAT32
  }

  override timerAvailable(): boolean {
    return true;
  }

  override async time(f: () => void): Promise<{ kernelMs: number }> {
    const start = tf.util.now();
    f();
    addon().synchronize();
    return { kernelMs: tf.util.now() - start };
  }

  override dispose(): void {}
}

/** The running torch backend. Throws when another one is set. */
export function torchBackend(): TorchBackend {
  const backend = tf.backend();
  if (!(backend instanceof TorchBackend))
    throw new Error(`the torch backend is not the one in use (${tf.getBackend()} is)`);
  return backend;
}
