import { makeVector, rowNorms } from '../../src/steering/identity.ts';
import type { SteeringVector, VectorFacts } from '../../src/steering/vector.ts';

/** A vector of made numbers, L blocks of width D. */
export function madeVector(
  vectors: Readonly<Record<string, readonly number[]>>,
  {
    layers = 2,
    width = 3,
    facts = {},
  }: { layers?: number; width?: number; facts?: Partial<VectorFacts> } = {},
): SteeringVector {
  const vectors_LD = new Map(
    Object.entries(vectors).map(([language, numbers]) => [language, Float32Array.from(numbers)]),
  );
  const norms = [...vectors_LD].map(([language, numbers]) => {
    const vector = rowNorms(numbers, width);
    return [language, { vector, hidden: vector.map((norm) => 2 * norm) }];
  });
  return makeVector(
    {
      format: 'isogloss_steering_1',
      kind: 'other',
      layer_convention: 'block_output_0_based',
      read_at: 'last',
      applied_at: 'prompt_end',
      model: { name: 'made', weights: 'w', num_hidden_layers: layers, hidden_size: width },
      tokenizer: 't',
      chat_template: null,
      task: 'made',
      prompt: { form: 'question' },
      split: 'dev1',
      seed: 42,
      pairs: {},
      norms: Object.fromEntries(norms),
      versions: {},
      ...facts,
    },
    vectors_LD,
  );
}
