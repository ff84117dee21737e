import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/model/checkpoint.ts';
import { parameterShapes } from '../../../src/model/config.ts';
import { ggufParts, openGguf } from '../../../src/model/files/gguf.ts';
import { openSafetensors, resolveNames } from '../../../src/model/files/index.ts';
import { floats, ggufBytes, type Tensor, type Value } from './gguf-writer.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/gguf/', import.meta.url));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'isogloss-gguf-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(metadata: [string, Value][], tensors: Tensor[], version = 3): string {
  const path = join(dir, 'model.gguf');
  writeFileSync(path, ggufBytes(metadata, tensors, version));
  return path;
}

const uint = (value: number): Value => ({ type: 'uint32', value });
const sizes: [string, Value][] = [
  ['general.architecture', { type: 'string', value: 'gemma3' }],
  ['gemma3.embedding_length', uint(8)],
  ['gemma3.block_count', uint(2)],
  ['gemma3.feed_forward_length', uint(16)],
  ['gemma3.attention.head_count', uint(2)],
  ['gemma3.attention.head_count_kv', uint(1)],
  ['gemma3.attention.key_length', uint(4)],
  ['gemma3.attention.sliding_window', uint(512)],
  ['gemma3.attention.layer_norm_rms_epsilon', { type: 'float32', value: 1e-6 }],
  ['gemma3.context_length', uint(32768)],
  ['gemma3.rope.freq_base', { type: 'float32', value: 1e6 }],
  ['tokenizer.ggml.eos_token_id', uint(1)],
  ['tokenizer.ggml.eot_token_id', uint(106)],
];
const kinds: [string, number[]][] = [
  ['attn_norm', [8]],
  ['attn_q', [8, 8]],
  ['attn_k', [4, 8]],
  ['attn_v', [4, 8]],
  ['attn_q_norm', [4]],
  ['attn_k_norm', [4]],
  ['attn_output', [8, 8]],
  ['post_attention_norm', [8]],
  ['ffn_norm', [8]],
  ['ffn_gate', [16, 8]],
  ['ffn_up', [16, 8]],
  ['ffn_down', [8, 16]],
  ['post_ffw_norm', [8]],
];
const weights = [
  floats('token_embd.weight', [10, 8], 0.5),
  ...[0, 1].flatMap((layer) =>
    kinds.map(([kind, shape]) => floats(`blk.${layer}.${kind}.weight`, shape, 1.25, layer)),
  ),
  floats('output_norm.weight', [8], 1, 3),
];

describe('dequantisation', () => {
  it.each(['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q4_K', 'Q5_K', 'Q6_K'])(
    'of %s equals the gguf package value by value',
    async (type) => {
      const [file, expected] = [
        await openGguf(`${fixtures}quants.gguf`),
        await openSafetensors(`${fixtures}quants.safetensors`),
      ];
      const tensor = file.tensors.get(type)!;
      expect(tensor.dtype).toBe(type);
      expect(tensor.shape).toEqual(expected.tensors.get(type)!.shape);
      expect(await tensor.readFloat32()).toEqual(await expected.tensors.get(type)!.readFloat32());
      await file.close();
      await expected.close();
    },
  );
});

describe('a Gemma 3 GGUF file', () => {
  it('gives a config, with the defaults of Gemma 3 for what it does not say', async () => {
    const { config, file } = await openCheckpoint(write(sizes, weights));
    expect(config).toMatchObject({
      vocabSize: 10,
      hiddenSize: 8,
      numHiddenLayers: 2,
      headDim: 4,
      queryPreAttnScalar: 4,
      rmsNormEps: 1e-6,
      slidingWindow: 512,
      rope: { full_attention: { theta: 1e6, factor: 1 }, sliding_attention: { theta: 1e4, factor: 1 } },
      eosTokenIds: [1, 106],
    });
    await file.close();
  });

  it.each([
    [
      'a linear rope factor stretches global layers alone',
      ['gemma3.rope.scaling.factor', { type: 'float32', value: 8 }],
      { rope: { full_attention: { factor: 8 }, sliding_attention: { factor: 1 } } },
    ],
    [
      '62 layers are 27B, whose query scale is its own',
      ['gemma3.block_count', uint(62)],
      { queryPreAttnScalar: 8 / 2 },
    ],
  ] as [string, [string, Value], object][])('%s', async (_, [key, value], expected) => {
    const metadata = [...sizes.filter(([k]) => k !== key), [key, value] as [string, Value]];
    const { config, file } = await openCheckpoint(write(metadata, weights));
    expect(config).toMatchObject(expected);
    await file.close();
  });

  const text = (value: string): Value => ({ type: 'string', value });
  const float = (value: number): Value => ({ type: 'float32', value });

  it.each<[string, [string, Value][], object]>([
    [
      'a factor of scaling type none changes nothing',
      [
        ['gemma3.rope.scaling.type', text('none')],
        ['gemma3.rope.scaling.factor', float(8)],
      ],
      { rope: { full_attention: { theta: 1e6, factor: 1 } } },
    ],
    [
      'the older name of the factor counts',
      [['gemma3.rope.scale_linear', float(4)]],
      { rope: { full_attention: { factor: 4 } } },
    ],
    [
      'a rotary base of the sliding layers is read',
      [['gemma3.rope.freq_base_swa', float(5e4)]],
      { rope: { sliding_attention: { theta: 5e4, factor: 1 } } },
    ],
    [
      'a list of what slides is read',
      [['gemma3.attention.sliding_window_pattern', { type: 'bools', value: [0, 1] }]],
      { layerTypes: ['full_attention', 'sliding_attention'] },
    ],
    [
      'numbers by layer are read where they are one number',
      [['gemma3.attention.head_count_kv', { type: 'ints', value: [1, 1] }]],
      { numKeyValueHeads: 1 },
    ],
    [
      'what the model does anyway, and notes of the converter, are passed over',
      [
        ['gemma3.attention.value_length', uint(4)],
        ['gemma3.attention.causal', { type: 'bool', value: 1 }],
        ['gemma3.attention.scale', float(0.5)],
        ['gemma3.rope.dimension_count', uint(4)],
        ['gemma3.vocab_size', uint(10)],
        ['gemma3.rope.scaling.type', text('linear')],
        ['gemma3.rope.scaling.original_context_length', uint(8192)],
        ['gemma3.rope.scaling.finetuned', { type: 'bool', value: 0 }],
        ['gemma3.final_logit_softcapping', float(0)],
        ['gemma3.vision.block_count', uint(27)],
      ],
      { headDim: 4, rope: { full_attention: { factor: 1 } } },
    ],
  ])('%s', async (_, more, expected) => {
    const keys = new Set(more.map(([key]) => key));
    const metadata = [...sizes.filter(([key]) => !keys.has(key)), ...more];
    const { config, file } = await openCheckpoint(write(metadata, weights));
    expect(config).toMatchObject(expected);
    await file.close();
  });

  it.each<[string, string, Value | undefined, RegExp]>([
    ['yarn', 'rope.scaling.type', text('yarn'), /type "yarn" is not Gemma 3's/],
    ['longrope', 'rope.scaling.type', text('longrope'), /type "longrope" is not Gemma 3's/],
    ['no window', 'attention.sliding_window', undefined, /sliding_window" is missing: .*every layer.*global/],
    ['a window of 0', 'attention.sliding_window', uint(0), /"sliding_window" must be a whole number/],
    ['no rotary base', 'rope.freq_base', undefined, /"gemma3.rope.freq_base" is missing: .*10000/],
    ['a final soft cap', 'final_logit_softcapping', float(30), /"final_logit_softcapping" is 30/],
    ['an attention soft cap', 'attn_logit_softcapping', float(50), /"attn_logit_softcapping" is 50/],
    ['part of a head rotated', 'rope.dimension_count', uint(2), /rope.dimension_count" is 2; .* has 4/],
    ['values of another length', 'attention.value_length', uint(8), /value_length" is 8/],
    ['another vocabulary', 'vocab_size', uint(12), /"gemma3.vocab_size" is 12; .* has 10/],
    ['bidirectional attention', 'attention.causal', { type: 'bool', value: 0 }, /attention.causal" is false/],
    ['shared layers', 'attention.shared_kv_layers', uint(2), /shared_kv_layers" is 2/],
    ['yarn by its factors', 'rope.scaling.yarn_ext_factor', float(1), /yarn_ext_factor" is 1/],
    ['layers that differ', 'feed_forward_length', { type: 'ints', value: [16, 8] }, /one number .*\[16,8\]/],
    ['a text for a number', 'context_length', text('long'), /"gemma3.context_length" must be a number/],
    ['a key nobody knows', 'altup.active_idx', uint(1), /"gemma3.altup.active_idx" is no setting/],
    ['a slip of the pen', 'rope.freq_bass', float(1), /Did you mean "gemma3.rope.freq_base"/],
  ])('is refused with %s', async (_, key, value, message) => {
    const others = sizes.filter(([k]) => k !== `gemma3.${key}`);
    const path = write(value ? [...others, [`gemma3.${key}`, value]] : others, weights);
    await expect(openCheckpoint(path)).rejects.toThrow(message);
    await expect(openCheckpoint(path)).rejects.toMatchObject({ name: 'UserError' });
  });

  it("has Hugging Face's names and norm weights without the 1 that llama.cpp adds", async () => {
    const { config, file } = await openCheckpoint(write(sizes, weights));
    const { prefix, tensors } = await resolveNames(file, parameterShapes(config));
    expect(prefix).toBe('model.');
    expect([...(await tensors.get('norm.weight')!.readFloat32())]).toEqual([0, 2, 0, 2, 0, 2, 0, 2]);
    const raw = await tensors.get('layers.1.self_attn.q_norm.weight')!.read();
    expect([...new Float32Array(raw.buffer)]).toEqual([0.25, 0, 0.25, 0]);
    const part = await tensors.get('norm.weight')!.readRange(4, new Uint8Array(4));
    expect([...new Float32Array(part.buffer)]).toEqual([2]);
    expect((await tensors.get('layers.0.mlp.gate_proj.weight')!.readFloat32())[0]).toBe(1.25);
    await file.close();
  });

  it('is refused when it is another architecture, or lacks sizes, naming all of them', async () => {
    const llama = write([['general.architecture', { type: 'string', value: 'llama' }]], weights);
    await expect(openCheckpoint(llama)).rejects.toThrow(/"general.architecture" is "llama", not "gemma3"/);
    const bare = write(sizes.slice(0, 2), weights);
    await expect(openCheckpoint(bare)).rejects.toMatchObject({ problems: { length: 3 } });
  });
});

describe('a split GGUF', () => {
  const groups = [[], weights.slice(0, 9), weights.slice(9)];
  const name = (no: number, count = 3) => `m-0000${no + 1}-of-0000${count}.gguf`;

  /** Three parts: metadata alone in the first, as `--no-tensor-first-split` makes it. */
  function split(change: (no: number) => { no?: number; tensors?: Tensor[] } = () => ({})): string {
    for (const [i, group] of groups.entries()) {
      const { no = i, tensors = group } = change(i);
      const metadata: [string, Value][] = [
        ...(i === 0 ? sizes : []),
        ['split.no', uint(no)],
        ['split.count', uint(3)],
        ['split.tensors.count', uint(weights.length)],
      ];
      writeFileSync(join(dir, name(i)), ggufBytes(metadata, tensors));
    }
    return join(dir, name(0));
  }

  it('is read as the file it was cut from', async () => {
    const whole = await openCheckpoint(write(sizes, weights));
    const parts = await openCheckpoint(split());
    expect({ ...parts.config, raw: whole.config.raw }).toEqual(whole.config);
    const a = (await resolveNames(whole.file, parameterShapes(whole.config))).tensors;
    const b = (await resolveNames(parts.file, parameterShapes(parts.config))).tensors;
    expect([...b.keys()]).toEqual([...a.keys()]);
    for (const [key, tensor] of a) expect(await b.get(key)!.read()).toEqual(await tensor.read());
    await whole.file.close();
    await parts.file.close();
    expect(await ggufParts(join(dir, name(0)))).toEqual([0, 1, 2].map((no) => join(dir, name(no))));
  });

  it('is refused with the first in mind when a later part is named', async () => {
    split();
    await expect(openGguf(join(dir, name(1)))).rejects.toThrow(
      /part 2 of 3.*Did you mean .*m-00001-of-00003/,
    );
  });

  it('is refused when a part is missing, another one, or one part is under another name', async () => {
    const first = split();
    rmSync(join(dir, name(2)));
    await expect(openGguf(first)).rejects.toThrow(/m-00003-of-00003.gguf: /);
    split((no) => ({ no: no === 2 ? 1 : no }));
    await expect(openGguf(first)).rejects.toThrow(/m-00003-of-00003.*part 2 of 3, not 3 of 3/);
    split((no) => (no === 2 ? { tensors: groups[2]!.slice(1) } : {}));
    await expect(openGguf(first)).rejects.toThrow(/all parts have 28 tensors; they have 27/);
    split((no) => (no === 2 ? { tensors: weights.slice(8) } : {}));
    await expect(openGguf(first)).rejects.toThrow(/of an earlier part/);
    renameSync(split(), join(dir, 'first.gguf'));
    await expect(openGguf(join(dir, 'first.gguf'))).rejects.toThrow(/llama-gguf-split --merge/);
  });
});

describe('a header is refused', () => {
  const one = floats('a', [4], 1);
  it.each<[string, [string, Value][], Tensor[], RegExp]>([
    [
      'when metadata is there twice',
      [
        ['k', uint(1)],
        ['k', uint(2)],
      ],
      [],
      /metadata "k" twice/,
    ],
    ['when a tensor is there twice', [], [one, one], /tensor "a" is there twice/],
    ['when a type is unknown', [], [{ ...one, type: 99 }], /ggml type 99; known are F32, F16, Q4_0/],
    [
      'when a format is not read, by its name and with what to do',
      [],
      [
        { ...one, type: 10 },
        { ...floats('b', [4], 1), type: 10 },
        { ...floats('c', [4], 1), type: 23 },
      ],
      /tensor "a" and 1 more have the format Q2_K, .*take a Q4_K_M or Q8_0.*\n.*tensor "c" has the format IQ4_XS/,
    ],
    ['when rows are not whole blocks', [], [{ ...one, type: 8 }], /rows of 4, not whole blocks of Q8_0/],
    ['when a tensor lies outside of the file', [], [{ ...one, offset: 96 }], /does not fit into the file/],
    [
      'when a shape is beyond the file',
      [],
      [{ ...one, shape: [2 ** 40, 2 ** 40] }],
      /does not fit into the file/,
    ],
    ['when tensors overlap', [], [one, { ...floats('b', [4], 1), offset: 0 }], /"a" and "b" overlap/],
    [
      'when an offset is not aligned',
      [],
      [{ ...one, offset: 4 }, floats('b', [9], 1)],
      /at 4, not at a multiple of 32/,
    ],
    ['when there are too many dimensions', [], [{ ...one, shape: [1, 1, 1, 1, 4] }], /has 5 dimensions/],
    ['when the alignment is none', [['general.alignment', uint(3)]], [], /"general.alignment" "3"/],
  ])('%s', async (_, metadata, tensors, message) => {
    await expect(openGguf(write(metadata, tensors))).rejects.toThrow(message);
    await expect(openGguf(write(metadata, tensors))).rejects.toMatchObject({ name: 'UserError' });
  });

  it.each([
    ['an old version', write.bind(null, [], [], 1), /is GGUF version 1; 2 and 3 are known/],
    ['a big-endian file', write.bind(null, [], [], 0x03000000), /big-endian/],
  ])('when it is %s', async (_, make, message) => {
    await expect(openGguf(make())).rejects.toThrow(message);
  });

  it('when it is cut short anywhere', async () => {
    const bytes = ggufBytes(sizes, weights);
    const path = join(dir, 'cut.gguf');
    for (let length = 0; length < bytes.length - 32; length += 97) {
      writeFileSync(path, bytes.subarray(0, length));
      await expect(openGguf(path)).rejects.toMatchObject({ name: 'UserError' });
    }
  });
});
