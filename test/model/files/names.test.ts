import { describe, expect, it } from 'vitest';
import { parameterShapes } from '../../../src/model/config.ts';
import { resolveNames, type TensorFile, type TensorSource } from '../../../src/model/files/index.ts';
import { presetConfig } from '../../../src/model/presets.ts';

const expected = parameterShapes(presetConfig('tiny'));

function source(name: string, shape: readonly number[], fill = 0): TensorSource {
  const byteLength = shape.reduce((a, b) => a * b, 2);
  const readRange = async (_: number, into: Uint8Array) => into.fill(fill);
  const read = () => readRange(0, new Uint8Array(byteLength));
  return {
    name,
    dtype: 'BF16',
    shape,
    byteLength,
    file: 'm',
    read,
    readRange,
    readFloat32: async () => new Float32Array(),
    readFloat32Into: async (_, into) => into,
  };
}

function fileOf(prefix: string, extra: TensorSource[] = []): TensorFile {
  const tensors = new Map(
    [...expected].map(([name, shape]) => [prefix + name, source(prefix + name, shape)]),
  );
  for (const tensor of extra) tensors.set(tensor.name, tensor);
  return { path: 'm', tensors, metadata: {}, close: async () => {} };
}

describe('resolveNames', () => {
  it.each(['model.', 'language_model.model.', 'model.language_model.', ''])(
    'finds the prefix %j',
    async (prefix) => {
      const resolved = await resolveNames(fileOf(prefix), expected);
      expect(resolved.prefix).toBe(prefix);
      expect([...resolved.tensors.keys()].sort()).toEqual([...expected.keys()].sort());
      expect(resolved.tensors.get('layers.3.mlp.up_proj.weight')!.name).toBe(
        `${prefix}layers.3.mlp.up_proj.weight`,
      );
    },
  );

  it.each([
    ['language_model.model.', 'vision_tower.vision_model.encoder.weight', 'multi_modal_projector.w'],
    [
      'model.language_model.',
      'model.vision_tower.vision_model.encoder.weight',
      'model.multi_modal_projector.w',
    ],
  ])('sets the picture part of a multimodal file aside (%s)', async (prefix, ...names) => {
    const resolved = await resolveNames(
      fileOf(
        prefix,
        names.map((name) => source(name, [2])),
      ),
      expected,
    );
    expect(resolved.vision.map(({ name }) => name)).toEqual(names);
  });

  it.each(['lm_head.weight', 'language_model.lm_head.weight', 'model.lm_head.weight'])(
    'accepts %s that is the embedding, and refuses one that is not',
    async (name) => {
      const shape = expected.get('embed_tokens.weight')!;
      const found = (head: TensorSource) => resolveNames(fileOf('model.', [head]), expected);
      await expect(found(source(name, shape))).resolves.toMatchObject({ prefix: 'model.' });
      const message = `${name} differs from model.embed_tokens.weight: the model predicts with a head of its own`;
      await expect(found(source(name, shape, 1))).rejects.toThrow(message);
      await expect(found(source(name, [2, 2]))).rejects.toThrow(message);
    },
  );

  it('compares a head of another type by its values', async () => {
    const shape = expected.get('embed_tokens.weight')!;
    const head = (value: number): TensorSource => ({
      ...source('lm_head.weight', shape),
      dtype: 'F32',
      readFloat32Into: async (_, into) => into.fill(value),
    });
    await expect(resolveNames(fileOf('', [head(0)]), expected)).resolves.toMatchObject({ prefix: '' });
    await expect(resolveNames(fileOf('', [head(0.5)]), expected)).rejects.toThrow(/a head of its own/);
  });

  it('refuses weights that are no real numbers before any is read', async () => {
    const name = 'model.layers.0.mlp.up_proj.weight';
    const packed: TensorSource = {
      ...source(name, expected.get('layers.0.mlp.up_proj.weight')!),
      dtype: 'I8',
    };
    await expect(resolveNames(fileOf('model.', [packed]), expected)).rejects.toThrow(`${name} is I8`);
  });

  it('lists everything missing, unexpected and mis-shaped at once', async () => {
    const file = fileOf('model.', [source('model.layers.0.bias', [3]), source('model.norm.weight', [7])]);
    (file.tensors as Map<string, TensorSource>).delete('model.layers.1.self_attn.q_proj.weight');
    await expect(resolveNames(file, expected)).rejects.toMatchObject({
      problems: [
        { message: expect.stringMatching(/^1 tensor is missing: model.layers.1.self_attn.q_proj.weight/) },
        { message: expect.stringMatching(/not of a Gemma 3 decoder.*model.layers.0.bias/) },
        { message: expect.stringMatching(/model.norm.weight is \[7\], not \[128\]/) },
      ],
    });
  });

  it('says that a file holds something else altogether', async () => {
    const file = { ...fileOf(''), tensors: new Map([['wte.weight', source('wte.weight', [2])]]) };
    await expect(resolveNames(file, expected)).rejects.toThrow(/no Gemma 3 weights.*but wte.weight/);
  });
});
