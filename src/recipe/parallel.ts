/** Fields of recipes that read translations. */
import { z } from 'zod';

/** The paper's six; English is the seventh. */
const PAPER_LANGUAGES = ['es', 'id', 'ko', 'el', 'zh', 'ar'];

/** Languages beside English. */
export const languages = z.array(z.string().min(2)).min(1).default(PAPER_LANGUAGES).meta({
  description:
    'Languages beside English: ISO 639-1 codes (`es`), or names as FLORES has them (`spa_Latn`). Every sentence or row is used that all of them have.',
  source: 'Spanish, Indonesian, Korean, Greek, Chinese, Arabic: the paper',
});

/** Parallel sentences. */
export const sentences = z.strictObject({
  path: z
    .string()
    .min(1)
    .meta({
      description:
        'A folder with a file a language (FLORES-200, FLORES+, NTREX), a `.tsv` or `.jsonl` file of `{id, lang, text}` or of a ' +
        'column a language, optionally `.gz`, or `builtin:toy`.',
    }),
  split: z.string().min(1).nullable().default(null).meta({
    description: 'The part of a folder that has several, such as `dev` or `devtest`.',
  }),
  max_samples: z.int().positive().nullable().default(null).meta({
    description: 'Use at most this many sentences, the first ones; null uses all.',
    unit: 'sentences',
  }),
});

/** Instructions in several languages. */
export const instructions = z.strictObject({
  path: z
    .string()
    .min(1)
    .meta({
      description:
        'A `.jsonl` or `.jsonl.gz` file with the same prompts and replies in several languages: rows of `{id, lang, prompt, ' +
        'completion}`, or a row an id with the languages inside (`{id, en: {prompt, completion}, es: ..}`); or `builtin:toy`.',
    }),
  max_samples: z.int().positive().nullable().default(null).meta({
    description: 'Use at most this many prompts, the first ones, each in all languages; null uses all.',
    unit: 'prompts',
  }),
});
