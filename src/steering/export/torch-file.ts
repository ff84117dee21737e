/**
 * Dictionaries of tensors in the files of torch.save: a zip archive with a pickle and, each in a file of its own, the numbers.
 * (torch/serialization.py; caffe2/serialize/inline_container.cc)
 */
import { UserError } from '../../errors.ts';
import { toFloat32 } from '../../model/files/index.ts';
import { type Pickled, type PickledTensor, unpickle } from './unpickle.ts';
import { readZip, zipBytes } from './zip.ts';

/** What is written: an entry a name, with tensors of one dimension. */
export type TorchEntries = ReadonlyMap<string, ReadonlyMap<string, string | number | null | Float32Array>>;

/** Folder of all files in the archive; readers take any name. */
const FOLDER = 'steering';

/** The bytes of a file that `torch.load`, with `weights_only` or without, reads as a dictionary of dictionaries. */
export function torchFileBytes(entries: TorchEntries): Uint8Array {
  const storages: Float32Array[] = [];
  const items = [...entries].flatMap(([name, entry]) => [
    text(name),
    dictionary([...entry].flatMap(([key, value]) => [text(key), pickled(value, storages)])),
  ]);
  const pickle = Buffer.concat([Buffer.of(0x80, 2), dictionary(items), Buffer.from('.')]);
  const files = new Map<string, Uint8Array>([
    [`${FOLDER}/data.pkl`, pickle],
    [`${FOLDER}/byteorder`, Buffer.from('little')],
    ...storages.map((values, i): [string, Uint8Array] => [
      `${FOLDER}/data/${i}`,
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    ]),
    [`${FOLDER}/version`, Buffer.from('3\n')],
  ]);
  return zipBytes(files);
}

/** A value as opcodes; numbers of tensors are put aside. */
function pickled(value: string | number | null | Float32Array, storages: Float32Array[]): Buffer {
  if (value === null) return Buffer.from('N');
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') {
    const bytes = Buffer.from('G\0\0\0\0\0\0\0\0');
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  const key = String(storages.push(value) - 1);
  const length = integer(value.length);
  return Buffer.concat([
    Buffer.from('ctorch._utils\n_rebuild_tensor_v2\n(('),
    ...[text('storage'), Buffer.from('ctorch\nFloatStorage\n'), text(key), text('cpu'), length],
    // Offset 0, size (n,), stride (1,), no gradient, no hooks.
    ...[Buffer.from('tQ'), integer(0), length, Buffer.of(0x85), integer(1), Buffer.of(0x85, 0x89)],
    Buffer.from('ccollections\nOrderedDict\n)RtR'),
  ]);
}

function dictionary(items: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('}('), ...items, Buffer.from('u')]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const head = Buffer.from('X\0\0\0\0');
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function integer(value: number): Buffer {
  const bytes = Buffer.from('J\0\0\0\0');
  bytes.writeInt32LE(value, 1);
  return bytes;
}

/** A torch file, its pickle read, no tensor yet. */
export interface TorchFile {
  value: Pickled;
  /**
   * The values of a tensor of one dimension, rounded to float32 where they are float64.
   * @throws UserError naming `what` if it has more dimensions, is of another type, or lies outside of its storage
   */
  vector(tensor: PickledTensor, what: string): Float32Array;
}

/** Bytes of an element by the class of its storage. */
const STORAGES: Readonly<Record<string, { bytes: number; read: (bytes: Uint8Array) => ArrayLike<number> }>> =
  {
    'torch FloatStorage': { bytes: 4, read: (bytes) => toFloat32(bytes, 'F32') },
    'torch HalfStorage': { bytes: 2, read: (bytes) => toFloat32(bytes, 'F16') },
    'torch BFloat16Storage': { bytes: 2, read: (bytes) => toFloat32(bytes, 'BF16') },
    'torch DoubleStorage': { bytes: 8, read: (bytes) => new Float64Array(bytes.buffer) },
  };

/**
 * @param file its path, for errors
 * @throws UserError if it is no file of torch.save's zip format, is damaged, or its pickle holds more than tensors
 */
export function readTorchFile(bytes: Uint8Array, file: string): TorchFile {
  const refuse = (message: string): never => {
    throw new UserError({ file, message });
  };
  const files = readZip(bytes, file);
  const pickles = [...files.keys()].filter((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickles.length !== 1) return refuse('is a zip archive, but not one of torch.save: it has no data.pkl');
  const folder = pickles[0]!.slice(0, -'data.pkl'.length);
  const order = files.get(`${folder}byteorder`);
  if (order !== undefined && Buffer.from(order).toString('latin1') !== 'little')
    return refuse('is of a big-endian machine; little endian is needed');
  return {
    value: unpickle(files.get(pickles[0]!)!, file),
    vector({ storage, offset, size, stride }, what) {
      const type = Object.hasOwn(STORAGES, storage.type) ? STORAGES[storage.type] : undefined;
      if (type === undefined)
        return refuse(
          `${what} is of ${storage.type.slice(0, 80)}; float32, float16, bfloat16 or float64 are needed`,
        );
      const [[length, ...moreSizes], [step, ...moreSteps]] = [size, stride];
      if (!isCount(length) || !isCount(step) || !isCount(offset) || moreSizes.length + moreSteps.length > 0)
        return refuse(`${what} has not one dimension`);
      const data = files.get(`${folder}data/${storage.key}`);
      const there = Math.floor((data?.length ?? 0) / type.bytes);
      if (length > there || (length > 0 && offset + (length - 1) * step >= there))
        return refuse(`${what} has ${length} numbers, more than the file holds of it: it is damaged`);
      const values = type.read(Uint8Array.from(data!.subarray(0, there * type.bytes)));
      return Float32Array.from({ length }, (_, i) => values[offset + i * step]!);
    },
  };
}

function isCount(value: Pickled | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
