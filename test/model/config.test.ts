import { describe, expect, it } from 'vitest';
import { countParameters, parameterShapes, parseConfig } from '../../src/model/config.ts';
import { presetConfig } from '../../src/model/presets.ts';

const minimal = { model_type: 'gemma3_text' };
const global = (types: string[]) =>
  types.flatMap((type, layer) => (type === 'full_attention' ? [layer] : []));

describe('the released sizes', () => {
  // Sums over the shapes of the released files; from 4B on with the 64 rows that the hub's converter appended.
  it.each([
    ['270m', 268_098_176, [5, 11, 17]],
    ['1b', 999_885_952, [5, 11, 17, 23]],
    ['4b', 3_880_263_168, [5, 11, 17, 23, 29]],
    ['12b', 11_766_034_176, [5, 11, 17, 23, 29, 35, 41, 47]],
    ['27b', 27_009_346_304, [5, 11, 17, 23, 29, 35, 41, 47, 53, 59]],
  ])('%s has %d parameters and its global layers', (name, parameters, globalLayers) => {
    const config = presetConfig(name);
    expect(countParameters(config)).toBe(parameters);
    expect(global(config.layerTypes)).toEqual(globalLayers);
  });

  it('reads the sparse file of 12B: its own keys, defaults for the rest', () => {
    const config = presetConfig('12b');
    expect(config).toMatchObject({
      vocabSize: 262208,
      headDim: 256,
      queryPreAttnScalar: 256,
      rmsNormEps: 1e-6,
      slidingWindow: 1024,
      maxPositionEmbeddings: 131072,
      rope: { full_attention: { theta: 1e6, factor: 8 }, sliding_attention: { theta: 1e4, factor: 1 } },
      padTokenId: 0,
      bosTokenId: 2,
      eosTokenIds: [1, 106],
    });
    expect(config.raw).toHaveProperty('text_config.hidden_size', 3840);
  });

  it('27B scales attention by 168, not by its head dimension', () => {
    expect(presetConfig('27b')).toMatchObject({ headDim: 128, queryPreAttnScalar: 168 });
  });

  it('tiny has about a million parameters and both kinds of layer', () => {
    const config = presetConfig('tiny');
    expect(countParameters(config)).toBe(1_051_008);
    expect(new Set(config.layerTypes).size).toBe(2);
  });

  it('names the nearest preset', () => {
    expect(() => presetConfig('tinny')).toThrow(/no preset "tinny".*Did you mean tiny/);
  });
});

describe('parseConfig', () => {
  it('fills an empty text config with the class defaults of transformers', () => {
    expect(parseConfig(minimal, 'config.json')).toMatchObject({
      vocabSize: 262208,
      hiddenSize: 2304,
      intermediateSize: 9216,
      numHiddenLayers: 26,
      numAttentionHeads: 8,
      numKeyValueHeads: 4,
      headDim: 256,
      slidingWindow: 4096,
      rope: { full_attention: { theta: 1e6, factor: 1 }, sliding_attention: { theta: 1e4, factor: 1 } },
      eosTokenIds: [1],
    });
  });

  it('reads old and new rotary fields to the same values', () => {
    const old = parseConfig(
      {
        ...minimal,
        rope_theta: 5e5,
        rope_local_base_freq: 2e4,
        rope_scaling: { rope_type: 'linear', factor: 4 },
      },
      'a',
    );
    const new5 = parseConfig(
      {
        ...minimal,
        rope_parameters: {
          full_attention: { rope_type: 'linear', factor: 4, rope_theta: 5e5 },
          sliding_attention: { rope_type: 'default', rope_theta: 2e4 },
        },
      },
      'b',
    );
    expect(old.rope).toEqual(new5.rope);
    expect(old.rope.full_attention).toEqual({ theta: 5e5, factor: 4 });
  });

  it.each([
    ['layer_types', { layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'] }, [1]],
    ['_sliding_window_pattern', { _sliding_window_pattern: 2, sliding_window_pattern: 3 }, [1]],
    ['sliding_window_pattern', { sliding_window_pattern: 3 }, [2]],
    ['nothing', {}, []],
  ])('takes the layer types from %s', (_, fields, expected) => {
    const config = parseConfig({ ...minimal, num_hidden_layers: 3, ...fields }, 'config.json');
    expect(global(config.layerTypes)).toEqual(expected);
  });

  it('refuses what is not Gemma 3, naming every reason at once', () => {
    const wrong = {
      model_type: 'gemma2',
      attn_logit_softcapping: 50,
      head_dim: 7,
      hidden_size: -1,
      num_attention_heads: 6,
      rope_scaling: { rope_type: 'yarn', factor: 2 },
      layer_types: ['full_attention'],
      tie_word_embeddings: false,
    };
    expect(() => parseConfig(wrong, 'm/config.json')).toThrow(
      expect.objectContaining({
        name: 'UserError',
        problems: expect.toSatisfy((list: unknown[]) => list.length === 8),
      }),
    );
    expect(() => parseConfig(wrong, 'm/config.json')).toThrow(/^m\/config.json: not a Gemma 3 text model/);
  });

  it.each<[string, object, RegExp]>([
    ['rotary scaling that is no object', { rope_scaling: 'linear' }, /"rope_scaling" must be an object/],
    ['a list for it', { rope_scaling: [8] }, /"rope_scaling" must be an object, found \[8\]/],
    ['linear scaling without a factor', { rope_scaling: { type: 'linear' } }, /has no "factor"/],
    ['a factor without a type', { rope_scaling: { factor: 8 } }, /"factor" without a "rope_type"/],
    [
      'a rotary setting of another type',
      { rope_scaling: { rope_type: 'linear', factor: 8, attention_factor: 1.2 } },
      /with "attention_factor" 1.2/,
    ],
    [
      'rotary parameters that are not by kind of layer',
      { rope_parameters: { rope_type: 'linear', factor: 8, rope_theta: 1e6 } },
      /"rope_parameters" has "factor"/,
    ],
    [
      'one kind that is no object',
      { rope_parameters: { full_attention: 1e6 } },
      /"full_attention" of "rope_p/,
    ],
    ['a window of null', { sliding_window: null }, /"sliding_window" must be a whole number .* found null/],
    ['a size of null', { hidden_size: null }, /"hidden_size" must be a whole number/],
    ['a text part that is no object', { text_config: 'gemma' }, /"text_config" must be an object/],
    ['shared keys and values', { num_kv_shared_layers: 2 }, /"num_kv_shared_layers" is 2; .* have 0/],
    ['dropout', { attention_dropout: 0.1 }, /"attention_dropout" is 0.1/],
    ['another activation under its old name', { hidden_act: 'silu' }, /"hidden_act" is "silu"/],
    ['a bidirectional model', { use_bidirectional_attention: true }, /"use_bidirectional_attention" is true/],
    ['a slip of the pen', { slidng_window: 64 }, /"slidng_window" is no .*Did you mean "sliding_window"/],
    [
      'quantised weights',
      { quantization_config: { quant_method: 'bitsandbytes', load_in_4bit: true } },
      /"quantization_config": .* quantised \(bitsandbytes\).*dequantize/,
    ],
  ])('refuses %s', (_, fields, message) => {
    expect(() => parseConfig({ ...minimal, ...fields }, 'config.json')).toThrow(message);
  });

  it('refuses quantised weights also where they are told of beside the text part', () => {
    const json = { text_config: minimal, quantization_config: { quant_method: 'gptq' } };
    expect(() => parseConfig(json, 'config.json')).toThrow(/quantised \(gptq\)/);
  });

  it('takes settings that say what the model does anyway, and a null window where no layer slides', () => {
    const fields = {
      num_hidden_layers: 1,
      layer_types: ['full_attention'],
      sliding_window: null,
      attention_dropout: 0,
      rope_scaling: {
        rope_type: 'default',
        factor: 8,
        attention_factor: 1,
        original_max_position_embeddings: 9,
      },
    };
    expect(parseConfig({ ...minimal, ...fields }, 'config.json').rope.full_attention.factor).toBe(1);
  });

  it.each([[null], [[]], ['text'], [7]])('refuses %j as a config', (json) => {
    expect(() => parseConfig(json, 'config.json')).toThrow(/must hold a JSON object/);
  });
});

describe('parameterShapes', () => {
  it('names 13 weights a layer and the two outside, as Hugging Face does', () => {
    const shapes = parameterShapes(presetConfig('27b'));
    expect(shapes.size).toBe(62 * 13 + 2);
    expect(shapes.get('layers.61.self_attn.k_proj.weight')).toEqual([2048, 5376]);
    expect(shapes.get('embed_tokens.weight')).toEqual([262208, 5376]);
  });
});
