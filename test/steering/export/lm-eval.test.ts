import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { importLmEval, lmEvalFile } from '../../../src/steering/export/index.ts';
import { torchFileBytes } from '../../../src/steering/export/torch-file.ts';
import { zipBytes } from '../../../src/steering/export/zip.ts';
import { readVector, writeVector } from '../../../src/steering/vector-file.ts';
import { temporaryFolder } from '../../temporary.ts';
import { madeVector } from '../made.ts';

const folder = temporaryFolder();
let count = 0;
const vector = madeVector({ es: [0.1, 0.2, 0.3, -1e-30, 3.4e38, 7], ko: [1, 1, 1, 2, 2, 2] });
const target = { model: vector.facts.model, tokenizer: 't', versions: {} };
const options = { language: 'es', layer: 1, gamma: 0.7 };

async function written(bytes: Uint8Array, ending = 'pt'): Promise<string> {
  const path = join(folder.path, `${count++}.${ending}`);
  await writeFile(path, bytes);
  return path;
}

type Entry = Record<string, string | number | null | Float32Array>;
const SOUND: Entry = {
  steering_vector: Float32Array.of(1, 2, 3),
  steering_coefficient: 2,
  action: 'add',
  bias: null,
};
const file = (entries: Record<string, Entry>) =>
  written(torchFileBytes(new Map(Object.entries(entries).map(([k, e]) => [k, new Map(Object.entries(e))]))));

const refused = async (path: string, message: string | RegExp) => {
  const error = await importLmEval(path, target, 'shown.pt').catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message).toMatch(message);
};

describe('a steering file of lm-eval', () => {
  it('comes back bit for bit, its coefficient beside the numbers and not in them', async () => {
    const found = await importLmEval(await written(lmEvalFile(vector, options)), {
      ...target,
      language: 'es',
    });
    expect(found.vectors_LD.get('es')).toEqual(vector.vectors_LD.get('es')!.map((x, i) => (i < 3 ? 0 : x)));
    expect(found.facts.derived).toMatchObject({ rule: 'imported', format: 'lm-eval', gammas: { 1: 0.7 } });
    const name = join(folder.path, 'imported');
    await writeVector(name, found);
    expect(await readVector(name)).toEqual(found);
  });

  it('can steer block 0, and blocks of models with images, and names any language that is asked for', async () => {
    const bytes = lmEvalFile(vector, { ...options, layer: 0, hookpoint: 'language_model.layers' });
    expect(Buffer.from(bytes).includes('language_model.layers.0')).toBe(true);
    const found = await importLmEval(await written(bytes), target);
    expect([...found.vectors_LD.keys()]).toEqual(['*']);
    expect(found.facts).toMatchObject({ applied_at: 'everywhere', kind: 'other' });
  });

  it('is refused of what is not there, and of what is no hookpoint', () => {
    expect(() => lmEvalFile(vector, { ...options, layer: 2 })).toThrow('there is no block 2');
    expect(() => lmEvalFile(vector, { ...options, language: 'zh' })).toThrow('nothing of zh');
    expect(() => lmEvalFile(vector, { ...options, gamma: Number.POSITIVE_INFINITY })).toThrow(
      'gamma must be',
    );
    expect(() => lmEvalFile(vector, { ...options, hookpoint: 'layers.' })).toThrow('a hookpoint is a name');
  });
});

describe('an imported steering file of lm-eval', () => {
  it('may have several blocks, and no coefficient', async () => {
    const { steering_coefficient: _, ...without } = SOUND;
    const found = await importLmEval(await file({ 'layers.0': SOUND, 'model.layers.1': without }), target);
    expect(found.vectors_LD.get('*')).toEqual(Float32Array.of(1, 2, 3, 1, 2, 3));
    expect(found.facts.derived).toMatchObject({ gammas: { 0: 2, 1: 1 } });
  });

  it('is refused where it does more than add to blocks of the model', async () => {
    await refused(await file({ 'layers.0': { ...SOUND, action: 'clamp' } }), /does "clamp" at "layers.0"/);
    await refused(await file({ 'layers.0': { ...SOUND, bias: 1 } }), /has a bias at "layers.0"/);
    await refused(await file({ 'layers.0': { ...SOUND, head_index: 0 } }), /has a head_index/);
    await refused(await file({ 'layers.0.mlp': SOUND }), /"layers.0.mlp", which is no block/);
    await refused(await file({ 'vision_tower.layers.0': SOUND }), /which is no block/);
    await refused(await file({ 'layers.2': SOUND }), /made has 2 blocks, 0 to 1/);
    await refused(await file({ 'layers.1': SOUND, 'model.layers.1': SOUND }), /block 1 by two names/);
    await refused(await file({}), /no dictionary of hookpoints/);
  });

  it('is refused where its vector does not fit or is none', async () => {
    const of = (steering_vector: Entry[string]) => file({ 'layers.0': { ...SOUND, steering_vector } });
    await refused(await of(Float32Array.of(1, 2)), /has 2 numbers at "layers.0", and made has a width of 3/);
    await refused(await of(Float32Array.of(1, 2, Number.NaN)), /not finite/);
    await refused(await of('text'), /has no steering_vector/);
    await refused(await file({ 'layers.0': { ...SOUND, steering_coefficient: 'x' } }), /no finite number/);
  });

  it('is refused of a table of features, of another archive, and of no archive', async () => {
    await refused(await written(Buffer.from('loader,action\n'), 'csv'), /features of sparse autoencoders/);
    await refused(await written(zipBytes(new Map([['a.txt', Buffer.from('x')]]))), /it has no data.pkl/);
    await refused(await written(Buffer.from('\x80\x02}.')), /shown.pt: is no zip archive/);
    await refused(join(folder.path, 'nothing.pt'), /there is no such file/);
    const big = new Map([
      ['a/data.pkl', Buffer.from('\x80\x02}.', 'latin1')],
      ['a/byteorder', Buffer.from('big')],
    ]);
    await refused(await written(zipBytes(big)), /big-endian machine/);
  });

  it('is refused where a tensor reaches beyond its numbers', async () => {
    const sound = torchFileBytes(new Map([['layers.0', new Map(Object.entries(SOUND))]]));
    const pickle = Buffer.from(sound).toString('latin1');
    const size = 'J\x03\0\0\0\x85';
    expect(pickle.split(size).length).toBe(2);
    const changed = (to: string) => {
      const start = pickle.indexOf('\x80\x02');
      const end = pickle.indexOf('u.PK') + 2;
      const data = Buffer.from(pickle.slice(start, end).replace(size, to), 'latin1');
      const numbers = Buffer.from(Float32Array.of(1, 2, 3).buffer);
      return written(
        zipBytes(
          new Map([
            ['s/data.pkl', data],
            ['s/data/0', numbers],
          ]),
        ),
      );
    };
    await importLmEval(await changed(size), target);
    await refused(await changed('J\xff\xff\xff\x7f\x85'), /has 2147483647 numbers, more than the file holds/);
    await refused(await changed('J\xff\xff\xff\xff\x85'), /has not one dimension/);
    await refused(await changed('J\x01\0\0\0J\x03\0\0\0\x86'), /has not one dimension/);
  });

  it('is refused cut short at any byte, and with any byte flipped is refused or read', async () => {
    const whole = lmEvalFile(vector, options);
    for (let length = 0; length < whole.length; length += 29)
      await refused(await written(whole.subarray(0, length)), /./);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= flip;
        const error = await importLmEval(await written(bytes), target).catch((thrown) => thrown);
        expect(error instanceof UserError || 'identity' in error, String(error)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
