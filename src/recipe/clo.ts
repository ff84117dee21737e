/** Recipes of CLO. */
import { z } from 'zod';
import { common, maxSeqLen, template } from './common.ts';
import { instructions, languages } from './parallel.ts';

const data = z
  .strictObject({
    train: instructions.meta({ description: 'Prompts and replies in English and in other languages.' }),
    eval: instructions.nullable().default(null).meta({
      description: 'What to measure on: instructions of their own. Excludes `eval_fraction`.',
    }),
    eval_fraction: z
      .number()
      .min(0)
      .max(0.5)
      .default(0)
      .meta({
        description:
          'Share of the prompts held out instead of `eval`, each in all of its languages: no translation of a held-out prompt ' +
          'is trained on.',
      }),
    languages,
    max_seq_len: maxSeqLen(
      'Longest prompt and reply together; what is done with longer ones, `overflow` says.',
    ),
    template,
    overflow: z
      .enum(['truncate', 'drop'])
      .default('truncate')
      .meta({
        description:
          'A pair of which a reply passes `max_seq_len` loses the end of that reply, or is left out. Either is counted by ' +
          'language: some languages take more tokens for the same text, and the log-probability of a reply is a sum over them.',
        source: 'truncate: TRL',
      }),
  })
  .meta({ description: 'Parallel instructions.' });

const clo_fields = z
  .strictObject({
    lambda: z.number().min(0).max(1).default(0.5).meta({
      description:
        "Share of the likelihood of the other language's replies; the rest goes to the preferences.",
      source: '0.5: the paper',
    }),
    beta: z.number().positive().default(1).meta({
      description:
        'Factor of the log-ratios. Sums over whole replies saturate the sigmoid soon at 1; a warning says when.',
      source: '1.0: the paper; TRL has 0.1',
    }),
    normalize: z.enum(['none', 'tokens']).default('none').meta({
      description: 'Log-ratios as sums over a reply, or divided by its tokens (TRL: `sigmoid_norm`).',
      source: 'none: DPO',
    }),
  })
  .prefault({})
  .meta({ description: 'The loss.' });

/** Cross-lingual optimization: replies in the language of the prompt are preferred over those in the other. */
export const clo = z
  .strictObject({
    method: z.literal('clo').meta({
      description: 'Replies in the language of the prompt preferred over their translations.',
    }),
    ...common,
    data,
    clo: clo_fields,
  })
  .meta({ title: 'clo' });
