import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { openGguf } from '../../../src/model/files/gguf.ts';
import {
  type GgufOptions,
  ggufControlVector,
  importGguf,
  llamaCppOptions,
} from '../../../src/steering/export/index.ts';
import { readVector, writeVector } from '../../../src/steering/vector-file.ts';
import { floats, ggufBytes, type Tensor, type Value } from '../../model/files/gguf-writer.ts';
import { temporaryFolder } from '../../temporary.ts';
import { madeVector } from '../made.ts';

const folder = temporaryFolder();
let count = 0;
/** Three blocks of width 3, numbers that have no short form. */
const vector = madeVector(
  { es: [1, 2, 3, 0.1, 0.2, 0.3, -1e-30, 3.4e38, 7], ko: [1, 1, 1, 2, 2, 2, 3, 3, 3] },
  { layers: 3, facts: { kind: 'loc', read_at: 'mean', applied_at: 'prompt_end' } },
);
const target = { model: vector.facts.model, tokenizer: 't', versions: {} };

async function written(bytes: Uint8Array): Promise<string> {
  const path = join(folder.path, `${count++}.gguf`);
  await writeFile(path, bytes);
  return path;
}

const exported = (options: GgufOptions) => written(ggufControlVector(vector, options));

describe('a control vector of llama.cpp', () => {
  it('has a row of float32 for each block but 0, and says what it is', async () => {
    const file = await openGguf(await exported({ language: 'es' }));
    const found = [...file.tensors.values()].map(({ name, dtype, shape }) => [name, dtype, shape]);
    expect(found).toEqual([
      ['direction.1', 'F32', [3]],
      ['direction.2', 'F32', [3]],
    ]);
    expect(file.values.get('general.architecture')).toBe('controlvector');
    expect(file.values.get('controlvector.model_hint')).toBe('gemma3');
    expect(file.values.get('controlvector.layer_count')).toBe(2);
    await file.close();
  });

  it('has one block where one is asked for, with gamma in its numbers where that is asked for', async () => {
    const file = await openGguf(await exported({ language: 'es', layer: 1, gamma: 2 }));
    expect([...file.tensors.keys()]).toEqual(['direction.1']);
    expect(await file.tensors.get('direction.1')!.readFloat32()).toEqual(Float32Array.of(0.2, 0.4, 0.6));
    await file.close();
  });

  it('cannot hold block 0, and says why', () => {
    expect(() => ggufControlVector(vector, { language: 'es', layer: 0 })).toThrow(
      /cannot hold block 0: llama.cpp refuses direction.0/,
    );
    const single = madeVector({ es: [1, 2, 3] }, { layers: 1 });
    expect(() => ggufControlVector(single, { language: 'es' })).toThrow(/cannot hold block 0/);
  });

  it('is refused of what is not there, and of numbers that float32 does not hold', () => {
    const refusal = (options: GgufOptions) => () => ggufControlVector(vector, options);
    expect(refusal({ language: 'zh' })).toThrow('nothing of zh; its languages are es, ko');
    expect(refusal({ language: 'es', layer: 3 })).toThrow('there is no block 3: made has 3, 0 to 2');
    expect(refusal({ language: 'es', gamma: 2 })).toThrow('gamma 2 makes numbers that float32 cannot hold');
    expect(refusal({ language: 'es', gamma: Number.NaN })).toThrow('gamma must be a number, found NaN');
  });

  it('serves any language where the vector does', async () => {
    const bytes = ggufControlVector(madeVector({ '*': [1, 2, 3, 4, 5, 6] }), { language: 'es', layer: 1 });
    const { model } = madeVector({ '*': [1, 2, 3, 4, 5, 6] }).facts;
    const found = await importGguf(await written(bytes), { ...target, model });
    expect([...found.vectors_LD]).toEqual([['*', Float32Array.of(0, 0, 0, 4, 5, 6)]]);
  });
});

describe('options for llama.cpp', () => {
  it('apply the file as a step of ours would be', () => {
    expect(llamaCppOptions({ path: 'es.gguf', layer: 12, gamma: 0.5 })).toBe(
      '--control-vector-scaled es.gguf:0.5 --control-vector-layer-range 12 12',
    );
    expect(llamaCppOptions({ path: "my vec's.gguf", gamma: 1 })).toBe(
      "--control-vector-scaled 'my vec'\\''s.gguf:1' --control-vector-layer-range LAYER LAYER",
    );
  });

  it('are not to be had of a path that llama.cpp would split', () => {
    expect(() => llamaCppOptions({ path: 'a,b.gguf', gamma: 1 })).toThrow(UserError);
  });
});

describe('a control vector, imported', () => {
  it('has the numbers of the vector bit for bit, and zeros in the blocks that it does not have', async () => {
    const found = await importGguf(await exported({ language: 'es' }), target);
    expect(found.vectors_LD.get('es')).toEqual(vector.vectors_LD.get('es')!.map((x, i) => (i < 3 ? 0 : x)));
    const one = await importGguf(await exported({ language: 'es', layer: 1 }), target);
    expect(one.vectors_LD.get('es')).toEqual(Float32Array.of(0, 0, 0, 0.1, 0.2, 0.3, 0, 0, 0));
  });

  it('has any numbers bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 9, maxLength: 9 }),
        async (numbers) => {
          const made = madeVector({ es: numbers }, { layers: 3 });
          const bytes = ggufControlVector(made, { language: 'es' });
          const found = await importGguf(await written(bytes), target);
          const tail = (of: typeof made) => Buffer.from(of.vectors_LD.get('es')!.subarray(3).slice().buffer);
          expect(tail(found)).toEqual(tail(made));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('keeps what the file says of it, and tells where it is from', async () => {
    const { facts } = await importGguf(await exported({ language: 'ko', layer: 2 }), target);
    expect(facts).toMatchObject({ kind: 'loc', read_at: 'mean', applied_at: 'prompt_end', pairs: {} });
    expect(facts.derived).toEqual({
      rule: 'imported',
      format: 'gguf',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      gammas: { 2: 1 },
    });
    expect(facts.norms.ko).toEqual({ vector: [0, 0, Math.sqrt(27)], hidden: [0, 0, 0] });
  });

  it('is a vector as any other on disk', async () => {
    const found = await importGguf(await exported({ language: 'ko' }), target);
    const name = join(folder.path, 'imported');
    await writeVector(name, found);
    expect(await readVector(name)).toEqual(found);
  });

  const file = (tensors: Tensor[], metadata: [string, Value][] = []) =>
    written(
      ggufBytes([['general.architecture', { type: 'string', value: 'controlvector' }], ...metadata], tensors),
    );

  it('of repeng is read, serves all languages, and is given one where that is said', async () => {
    const hint: [string, Value][] = [
      ['controlvector.model_hint', { type: 'string', value: 'gemma3_text' }],
      ['controlvector.layer_count', { type: 'uint32', value: 1 }],
    ];
    const path = await file([floats('direction.2', [3], 1, 2, 3)], hint);
    const found = await importGguf(path, target);
    expect([...found.vectors_LD]).toEqual([['*', Float32Array.of(0, 0, 0, 0, 0, 0, 1, 2, 3)]]);
    expect(found.facts).toMatchObject({ kind: 'other', read_at: 'last', applied_at: 'everywhere' });
    expect([...(await importGguf(path, { ...target, language: 'el' })).vectors_LD.keys()]).toEqual(['el']);
  });

  const refused = async (path: string, message: string | RegExp, options = {}) => {
    const error = await importGguf(path, { ...target, ...options }, 'shown.gguf').catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(message);
  };

  it('is refused where llama.cpp would refuse it', async () => {
    await refused(await file([floats('direction.0', [3], 1)]), /block 0, which llama.cpp refuses/);
    await refused(await file([floats('direction.x', [3], 1)]), /"direction.x" is none of a control vector/);
    await refused(await file([floats('blk.1.weight', [3], 1)]), /is none of a control vector/);
    await refused(await file([floats('direction.1', [1, 3], 1)]), /has shape \[1,3\]/);
    const half = { name: 'direction.1', shape: [3], type: 1, bytes: new Uint8Array(6) };
    await refused(await file([half]), /is F16; F32 is needed/);
    await refused(await file([]), /holds no direction/);
  });

  it('is refused where it is of another model', async () => {
    await refused(await file([floats('direction.3', [3], 1)]), /made does not have: it has 3, 0 to 2/);
    await refused(await file([floats('direction.1', [4], 1)]), /shape \[4\], and made has a width of 3/);
    const hint: [string, Value][] = [['controlvector.model_hint', { type: 'string', value: 'llama' }]];
    await refused(await file([floats('direction.1', [3], 1)], hint), /is of a model of type "llama"/);
    const model = ggufBytes([['general.architecture', { type: 'string', value: 'gemma3' }]], []);
    await refused(await written(model), /shown.gguf: has the architecture "gemma3"/);
  });

  it('is refused with numbers that are not finite, and of what is no language', async () => {
    await refused(await file([floats('direction.1', [3], 1, Number.NaN)]), /not finite/);
    await refused(await exported({ language: 'es' }), /a language is es, ko/, { language: '../x' });
  });

  it('is refused cut short at any byte, and with any byte flipped is refused or read', async () => {
    const whole = ggufControlVector(vector, { language: 'es' });
    for (let length = 0; length < whole.length - 32; length += 13) {
      const path = await written(whole);
      await truncate(path, length);
      await expect(importGguf(path, target)).rejects.toThrow(UserError);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= flip;
        const error = await importGguf(await written(bytes), target).catch((thrown) => thrown);
        expect(error instanceof UserError || 'identity' in error, String(error)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('is refused where there is no file, or a folder', async () => {
    await refused(join(folder.path, 'nothing.gguf'), /there is no such file/);
    await refused(folder.path, /is not a regular file|cannot be opened/);
  });
});
