import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { presetConfig } from '../../../src/model/presets.ts';
import { loadTokenizer, TINY_TOKENIZER, type Tokenizer } from '../../../src/model/tokenizer/index.ts';

describe('the tokenizer of the tiny preset', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(fileURLToPath(TINY_TOKENIZER));
  });

  it('fits the config of the preset', () => {
    const config = presetConfig('tiny');
    expect(tokenizer.vocabSize).toBe(config.vocabSize);
    expect(tokenizer).toMatchObject({ padId: config.padTokenId, bosId: config.bosTokenId });
    expect(config.eosTokenIds).toEqual([tokenizer.eosId, tokenizer.tokenToId('<end_of_turn>')]);
  });

  it('encodes any text and gives it back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const ids = tokenizer.encode(text);
        expect(ids.filter((id) => tokenizer.specialIds.has(id))).toEqual([2]);
        // The underscore that stands for a space in the vocabulary is read back as one.
        expect(tokenizer.decode(ids)).toBe(text.replaceAll('▁', ' '));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  // Ids of transformers 5.18, PreTrainedTokenizerFast on the same folder.
  it.each<[string, number[]]>([
    ['hello world', [2, 336, 453, 440, 471, 340, 332]],
    ['한국어 ten', [2, 245, 157, 164, 242, 189, 181, 244, 158, 188, 385, 388]],
    ['ما هي\n\nx', [2, 377, 360, 264, 225, 143, 225, 146, 7, 352]],
    ['  a  b<end_of_turn>', [2, 264, 407, 264, 395, 5]],
    ['\n\n\n<start_of_turn>user\nHi', [2, 7, 6, 4, 349, 347, 389, 6, 304, 337]],
  ])('gives the ids of transformers for %j', (text, ids) => {
    expect(tokenizer.encode(text, { specials: true })).toEqual(ids);
  });

  it('carries its files into a checkpoint', async () => {
    expect([...(await tokenizer.files()).keys()]).toEqual(['tokenizer.json', 'tokenizer_config.json']);
  });
});
