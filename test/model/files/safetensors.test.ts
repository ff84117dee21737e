import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  fromFloat32,
  openSafetensors,
  type TensorToWrite,
  writeSafetensors,
  writeSafetensorsDirectory,
} from '../../../src/model/files/index.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'isogloss-safetensors-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function tensor(
  name: string,
  dtype: 'F32' | 'BF16' | 'F16',
  shape: number[],
  values: number[],
): TensorToWrite {
  const bytes = fromFloat32(new Float32Array(values), dtype);
  return { name, dtype, shape, byteLength: bytes.byteLength, pieces: () => [bytes] };
}

const some = () => [
  tensor('half', 'BF16', [3], [1, -2, 0.5]),
  tensor('scalar', 'F32', [], [7]),
  tensor('matrix', 'F32', [2, 2], [1, 2, 3, 4]),
  tensor('nothing', 'F16', [0, 5], []),
];

/** A file with this header and this many bytes behind it. */
function craft(header: unknown, bytes = 0): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const path = join(dir, 'crafted.safetensors');
  writeFileSync(path, Buffer.concat([length, json, Buffer.alloc(bytes)]));
  return path;
}

describe('a written file', () => {
  it('reads back: names, dtypes, shapes, values, metadata', async () => {
    const path = join(dir, 'a.safetensors');
    await writeSafetensors(path, some(), { made_by: 'test' });
    const file = await openSafetensors(path);
    expect(file.metadata).toEqual({ format: 'pt', made_by: 'test' });
    expect([...file.tensors.keys()].sort()).toEqual(['half', 'matrix', 'nothing', 'scalar']);
    expect(file.tensors.get('matrix')).toMatchObject({ dtype: 'F32', shape: [2, 2], byteLength: 16 });
    expect([...(await file.tensors.get('matrix')!.readFloat32())]).toEqual([1, 2, 3, 4]);
    expect([...(await file.tensors.get('half')!.readFloat32())]).toEqual([1, -2, 0.5]);
    expect([...(await file.tensors.get('scalar')!.readFloat32())]).toEqual([7]);
    expect((await file.tensors.get('nothing')!.readFloat32()).length).toBe(0);
    const part = await file.tensors.get('matrix')!.readRange(4, new Uint8Array(8));
    expect([...new Float32Array(part.buffer)]).toEqual([2, 3]);
    await file.close();
  });

  it('may have null for its metadata, as the reference reads it', async () => {
    const file = await openSafetensors(
      craft({ __metadata__: null, a: { dtype: 'U8', shape: [2], data_offsets: [0, 2] } }, 2),
    );
    expect(file.metadata).toEqual({});
    expect([...file.tensors.keys()]).toEqual(['a']);
    await file.close();
  });

  it('aligns its buffer to 8 bytes and each tensor to its element', async () => {
    const path = join(dir, 'a.safetensors');
    await writeSafetensors(path, some());
    const bytes = readFileSync(path);
    const length = Number(bytes.readBigUInt64LE());
    expect(length % 8).toBe(0);
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
    expect(header.scalar.data_offsets).toEqual([0, 4]);
    expect(header.half.data_offsets[0] % 2).toBe(0);
  });

  it('asks for a tensor only when its turn comes', async () => {
    const order: string[] = [];
    const watched = (t: TensorToWrite) => {
      order.push(t.name);
      return t.pieces();
    };
    const tensors = some().map((t) => ({ ...t, pieces: () => watched(t) }));
    await writeSafetensors(join(dir, 'a.safetensors'), tensors);
    expect(order).toEqual(['scalar', 'matrix', 'half', 'nothing']);
  });

  it('is never written with two tensors of one name', async () => {
    const twice = [...some(), ...some()];
    await expect(writeSafetensors(join(dir, 'a.safetensors'), twice)).rejects.toThrow(
      /two tensors are called/,
    );
  });
});

describe('a written directory', () => {
  it('is one file when small, shards and an index when large; both read the same', async () => {
    expect(await writeSafetensorsDirectory(dir, some())).toEqual(['model.safetensors']);
    const sharded = join(dir, 'sharded');
    mkdirSync(sharded);
    const names = await writeSafetensorsDirectory(sharded, some(), { shardBytes: 20 });
    expect(names).toEqual([
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ]);
    const index = JSON.parse(readFileSync(join(sharded, 'model.safetensors.index.json'), 'utf8'));
    expect(index.metadata.total_size).toBe(26);
    const [one, many] = [await openSafetensors(dir), await openSafetensors(sharded)];
    for (const [name, source] of one.tensors) {
      expect(await many.tensors.get(name)!.read()).toEqual(await source.read());
    }
    await one.close();
    await many.close();
  });

  it('says which shard lacks a tensor that the index promises, and which is not there', async () => {
    await writeSafetensorsDirectory(dir, some(), { shardBytes: 20 });
    const path = join(dir, 'model.safetensors.index.json');
    const index = JSON.parse(readFileSync(path, 'utf8'));
    index.weight_map.extra = 'model-00002-of-00002.safetensors';
    writeFileSync(path, JSON.stringify(index));
    await expect(openSafetensors(dir)).rejects.toThrow(/extra is not in model-00002/);
    rmSync(join(dir, 'model-00001-of-00002.safetensors'));
    await expect(openSafetensors(dir)).rejects.toThrow(
      /model-00001-of-00002.safetensors: there is no such file/,
    );
  });

  it.each([[{}], [{ weight_map: { a: '../elsewhere.safetensors' } }], [{ weight_map: { a: 3 } }]])(
    'refuses an index that does not name files of its folder: %j',
    async (index) => {
      writeFileSync(join(dir, 'model.safetensors.index.json'), JSON.stringify(index));
      await expect(openSafetensors(dir)).rejects.toThrow(/"weight_map" must give a file of this folder/);
    },
  );

  it('says what is missing in a folder without weights, and when there is no folder', async () => {
    await expect(openSafetensors(dir)).rejects.toThrow(/holds neither model.safetensors nor/);
    await expect(openSafetensors(join(dir, 'no'))).rejects.toThrow(/there is no such file or directory/);
  });
});

describe('a header is refused', () => {
  const t = (dtype: string, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });
  it.each<[string, unknown, number, RegExp]>([
    ['when it is not JSON', '{"a": ', 0, /not JSON/],
    ['when it does not begin with a brace', '["a"]', 0, /does not begin with "\{"/],
    [
      'when it names a tensor twice',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
      /"a" twice/,
    ],
    ['when a dtype is unknown', { a: t('F12', [1], [0, 1]) }, 1, /dtype "F12"; known are F64, F32/],
    ['when a size is negative', { a: t('U8', [-1], [0, 1]) }, 1, /shape \[-1\]/],
    ['when a size is no whole number', { a: t('U8', [1.5], [0, 1]) }, 1, /shape \[1.5\]/],
    ['when a size is beyond exact numbers', { a: t('U8', [2 ** 40, 2 ** 40], [0, 1]) }, 1, /needs NaN bytes/],
    ['when offsets are missing', { a: { dtype: 'U8', shape: [1] } }, 1, /data_offsets missing/],
    ['when offsets run backwards', { a: t('U8', [1], [1, 0]) }, 1, /bytes 1\.\.0/],
    ['when offsets lie outside of the file', { a: t('U8', [9], [0, 9]) }, 1, /cut short or damaged/],
    [
      'when offsets and shape disagree',
      { a: t('F32', [2], [0, 4]) },
      4,
      /needs 8 bytes, its data_offsets hold 4/,
    ],
    ['when tensors overlap', { a: t('U8', [2], [0, 2]), b: t('U8', [2], [1, 3]) }, 3, /"b" overlaps/],
    [
      'when there is a gap',
      { a: t('U8', [1], [0, 1]), b: t('U8', [1], [2, 3]) },
      3,
      /"b" leaves 1 bytes unused/,
    ],
    ['when bytes are left over', { a: t('U8', [1], [0, 1]) }, 5, /4 bytes after its last tensor/],
    ['when metadata holds no strings', { __metadata__: { a: 1 } }, 0, /not a table of strings/],
    ['when a tensor is no object', { a: 3 }, 0, /not described by an object/],
  ])('%s', async (_, header, bytes, message) => {
    await expect(openSafetensors(craft(header, bytes))).rejects.toThrow(message);
    await expect(openSafetensors(craft(header, bytes))).rejects.toMatchObject({ name: 'UserError' });
  });

  it('when it claims more bytes than the file has, or than any header may have', async () => {
    const path = craft({}, 0);
    const bytes = readFileSync(path);
    for (const [length, message] of [
      [1000n, /has 1000 bytes, the file has 10/],
      [2n ** 63n, /at most 100000000/],
    ] as const) {
      bytes.writeBigUInt64LE(length);
      writeFileSync(path, bytes);
      await expect(openSafetensors(path)).rejects.toThrow(message);
    }
    truncateSync(path, 5);
    await expect(openSafetensors(path)).rejects.toThrow(/it has 5 bytes/);
  });

  it('listing all that is wrong at once', async () => {
    const path = craft({ a: t('F12', [1], [0, 1]), b: t('U8', [9], [0, 9]) }, 1);
    await expect(openSafetensors(path)).rejects.toMatchObject({ problems: { length: 2 } });
  });
});

describe('values', () => {
  it('a file cut short while open is reported, not read as zeros', async () => {
    const path = join(dir, 'a.safetensors');
    await writeSafetensors(path, [tensor('a', 'F32', [100], Array(100).fill(1))]);
    const file = await openSafetensors(path);
    truncateSync(path, 200);
    await expect(file.tensors.get('a')!.read()).rejects.toThrow(/cut short while being read/);
    await file.close();
  });

  it('of a dtype without real numbers are refused as weights', async () => {
    const file = await openSafetensors(craft({ a: { dtype: 'I32', shape: [1], data_offsets: [0, 4] } }, 4));
    await expect(file.tensors.get('a')!.readFloat32()).rejects.toThrow(
      /a is I32; weights must be F32, F16 or BF16/,
    );
    await file.close();
  });
});
