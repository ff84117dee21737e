/** Writes small GGUF files for tests, sound ones and others. */

export type Value =
  | { type: 'string'; value: string }
  | { type: 'uint32' | 'float32' | 'bool'; value: number }
  | { type: 'strings'; value: string[] }
  | { type: 'floats' | 'ints' | 'bools'; value: number[] };

export interface Tensor {
  name: string;
  /** Outermost first. */
  shape: number[];
  /** ggml type code: 0 is F32. */
  type: number;
  bytes: Uint8Array;
  /** In place of the right one. */
  offset?: number;
}

const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: number | bigint) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

function value(v: Value): Buffer {
  switch (v.type) {
    case 'string':
      return Buffer.concat([u32(8), text(v.value)]);
    case 'uint32':
      return Buffer.concat([u32(4), u32(v.value)]);
    case 'float32':
      return Buffer.concat([u32(6), Buffer.from(Float32Array.of(v.value).buffer)]);
    case 'bool':
      return Buffer.concat([u32(7), Buffer.of(v.value)]);
    case 'strings':
      return Buffer.concat([u32(9), u32(8), u64(v.value.length), ...v.value.map(text)]);
    case 'floats':
      return Buffer.concat([
        u32(9),
        u32(6),
        u64(v.value.length),
        Buffer.from(Float32Array.from(v.value).buffer),
      ]);
    case 'bools':
      return Buffer.concat([u32(9), u32(7), u64(v.value.length), Buffer.from(v.value)]);
    case 'ints':
      return Buffer.concat([
        u32(9),
        u32(5),
        u64(v.value.length),
        Buffer.from(Int32Array.from(v.value).buffer),
      ]);
  }
}

const padding = (length: number) => Buffer.alloc((32 - (length % 32)) % 32);

export function ggufBytes(metadata: [string, Value][], tensors: Tensor[], version = 3): Buffer {
  const header: Buffer[] = [Buffer.from('GGUF'), u32(version), u64(tensors.length), u64(metadata.length)];
  for (const [key, v] of metadata) header.push(text(key), value(v));
  const data: Buffer[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    const dimensions = [...tensor.shape].reverse();
    header.push(text(tensor.name), u32(dimensions.length), ...dimensions.map(u64), u32(tensor.type));
    header.push(u64(tensor.offset ?? offset));
    data.push(Buffer.from(tensor.bytes), padding(tensor.bytes.length));
    offset += tensor.bytes.length + padding(tensor.bytes.length).length;
  }
  const head = Buffer.concat(header);
  return Buffer.concat([head, padding(head.length), ...data]);
}

export function floats(name: string, shape: number[], ...values: number[]): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  const filled = Float32Array.from({ length: count }, (_, i) => values[i % values.length] ?? 0);
  return { name, shape, type: 0, bytes: new Uint8Array(filled.buffer) };
}
