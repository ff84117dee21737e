/** Recipes of MIDALIGN. */
import { z } from 'zod';
import { common, rows } from './common.ts';
import { languages, sentences } from './parallel.ts';

const CODE = "MidAlign's code (Liu & Niehues 2025)";

const pooling = z
  .strictObject({
    normalize: z
      .enum(['none', 'center', 'standardize'])
      .default('none')
      .meta({
        description:
          'What is done to pooled vectors before their cosine: nothing, the mean of all sentences subtracted, or divided by the ' +
          'standard deviation of each dimension, too. In Gemma 3 five dimensions make up 99 % of a raw cosine, which ' +
          'is 0.998 for translations and 0.996 for other sentences; standardize takes that away. Measured once, on the model ' +
          'that the run starts from.',
        source: 'none: the paper',
      }),
    bos: z
      .boolean()
      .default(true)
      .meta({
        description:
          'Does <bos> count in the mean? It is the same in every sentence and carries the largest activations.',
        source: `true: ${CODE}`,
      }),
    weights: z
      .enum(['mean', 'position'])
      .default('mean')
      .meta({
        description: 'Tokens count alike, or in proportion to their position, as MEXA weighs them.',
        source: `mean: ${CODE}`,
      }),
    sentences: z.int().min(2).default(500).meta({
      description: 'Training sentences that center and standardize are measured on, over all languages.',
      unit: 'sentences',
    }),
  })
  .prefault({})
  .meta({ description: 'One vector a sentence, from the hidden states of its tokens.' });

const align = z
  .strictObject({
    train: sentences.meta({ description: 'Translations to align.' }),
    eval: sentences.nullable().default(null).meta({
      description: 'Held-out translations, on which retrieval, MEXA and cosines are measured.',
    }),
    languages,
    pairs: z
      .enum(['xx_to_en', 'any'])
      .default('xx_to_en')
      .meta({
        description: 'Pairs of each language with English, or of each language with any other.',
        source: `xx_to_en: examples of ${CODE}`,
      }),
    layer: z.int().positive().nullable().default(null).meta({
      description:
        'How many blocks are run: the hidden state after them is aligned, those above neither run nor get a gradient. null is half.',
      unit: 'blocks',
      source: '24 of 48: the paper',
    }),
    batch_size: z.int().min(2).default(16).meta({
      description: 'Pairs of an alignment step; each sentence is told from all others of the batch.',
      unit: 'pairs',
      source: '16: the paper',
    }),
    micro_batch_size: z
      .int()
      .min(1)
      .default(16)
      .meta({
        description:
          'Pairs in one forward and backward pass, at most `batch_size`. Fewer cost memory of fewer, and one more forward ' +
          'pass; the negatives stay those of the whole batch.',
        unit: 'pairs',
      }),
    max_seq_len: z.int().min(8).max(131_072).default(640).meta({
      description: 'Longest sentence, <bos> included; what is beyond is cut off, with a warning.',
      unit: 'tokens',
    }),
    alternate: z
      .enum(['step', 'micro_batch'])
      .default('step')
      .meta({
        description:
          'Optimizer steps of likelihood and of alignment in turn, or both in each step, halves of one gradient.',
        source: `step: the paper's batch of 16; micro_batch: ${CODE}`,
      }),
    temperature: z
      .number()
      .positive()
      .default(0.1)
      .meta({
        description: 'What cosines are divided by; at 1 the loss cannot come near 0.',
        source: `0.1: ${CODE}; the paper shows none`,
      }),
    direction: z
      .enum(['xx_to_en', 'en_to_xx', 'symmetric'])
      .default('xx_to_en')
      .meta({
        description:
          'Whose sentences look for their translation among those of the other side; symmetric is the mean of both. With `pairs: any` ' +
          'English stands for the second of the two.',
        source: `xx_to_en: ${CODE}`,
      }),
    detach_english: z
      .boolean()
      .default(false)
      .meta({
        description: 'Keep English where it is: no gradient goes through its sentences.',
        source: `false: ${CODE}`,
      }),
    pooling,
    language_matching: z
      .strictObject({
        weight: z
          .number()
          .min(0)
          .default(0)
          .meta({
            description:
              'Factor of a further loss in each alignment step: a small head has to tell from two last-layer sentence vectors ' +
              'whether they are of one language, which keeps languages apart where text is produced ("align, then ' +
              'diverge"). 0 is without.',
            source: '0: the paper; AlignX has 0.4 beside 0.3 for the alignment',
          }),
        width: z.int().positive().default(128).meta({
          description: 'Width of the head, which is trained with the model and kept in its checkpoints.',
          source: '128: AlignX',
        }),
      })
      .prefault({})
      .meta({ description: 'Language matching in the last layer.' }),
  })
  .meta({ description: 'The contrastive alignment of a middle layer.' });

/** Multilingual instruction tuning in turn with contrastive alignment of a middle layer. */
export const midalign = z
  .strictObject({
    method: z.literal('midalign').meta({
      description: 'Likelihood of replies in turn with contrastive alignment of translations.',
    }),
    ...common,
    data: rows,
    align,
  })
  .meta({ title: 'midalign' });
