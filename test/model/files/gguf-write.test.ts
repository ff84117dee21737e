import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGguf } from '../../../src/model/files/gguf.ts';
import { ggufBytes } from '../../../src/model/files/gguf-write.ts';
import { temporaryFolder } from '../../temporary.ts';

const folder = temporaryFolder();

describe('a written GGUF file', () => {
  it('gives back its metadata and tensors', async () => {
    const path = join(folder.path, 'a.gguf');
    const metadata = new Map<string, string | number>([
      ['general.architecture', 'mäde'],
      ['made.count', 4294967295],
    ]);
    const tensors = [
      { name: 'a', shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { name: 'b', shape: [1], values: Float32Array.of(-0) },
    ];
    await writeFile(path, ggufBytes(metadata, tensors));
    const file = await openGguf(path);
    expect([...file.values]).toEqual([...metadata]);
    for (const { name, shape, values } of tensors) {
      const found = file.tensors.get(name)!;
      expect([found.dtype, found.shape]).toEqual(['F32', shape]);
      expect(await found.readFloat32()).toEqual(values);
    }
    await file.close();
  });

  it('is padded to its end: llama.cpp reads whole units of 32 bytes', () => {
    const bytes = ggufBytes(new Map(), [{ name: 'a', shape: [1], values: Float32Array.of(1) }]);
    expect(bytes.length % 32).toBe(0);
    expect(new Float32Array(Uint8Array.from(bytes.subarray(-32)).buffer)).toEqual(
      Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0),
    );
  });

  it('is not made of values that do not fill their shape, or of numbers that it has no type for', () => {
    const tensor = { name: 'a', shape: [2], values: Float32Array.of(1) };
    expect(() => ggufBytes(new Map(), [tensor])).toThrow('a of shape [2] has 1 values');
    expect(() => ggufBytes(new Map([['k', -1]]), [])).toThrow('k is -1');
    expect(() => ggufBytes(new Map([['k', 1.5]]), [])).toThrow('k is 1.5');
  });
});
