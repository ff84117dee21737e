/** Fields of how questions are asked, which evaluations and evaluation during training share. */
import { z } from 'zod';

const count = () => z.int().positive();

/** One task of a list. A name alone stands for a task with nothing else set. */
const task = z.preprocess(
  (value) => (typeof value === 'string' ? { name: value } : value),
  z.strictObject({
    name: z.string().min(1).meta({ description: 'Its name: `gmmlu`, `blend`, `bmlama`, `toy`.' }),
    path: z.string().min(1).nullable().default(null).meta({
      description:
        "A folder or file with its questions, or an id of a data set on the hub; null is the task's own source.",
    }),
    options: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .default({})
      .meta({ description: "Options of the task's own, by name: `{variants: 1}`." }),
  }),
);

/** `a,b` as the list that it is short for. */
export function splitNames(value: unknown): unknown {
  return typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value;
}

/** One task, a list of them, or names with commas between. */
export const tasks = z.preprocess((value) => {
  const list = splitNames(value);
  return Array.isArray(list) || list === undefined ? list : [list];
}, z.array(task).min(1));

/** All fields beside `tasks`; `limit` and `split` are where evaluations and training differ. */
export const questions = (defaults: {
  limit: number | null;
  split: 'all' | 'dev2';
  splitSource?: string;
}) => ({
  languages: z
    .preprocess(splitNames, z.array(z.string().min(1)).min(1))
    .nullable()
    .default(null)
    .meta({ description: 'ISO 639-1, as a list or with commas; null is all that a task has.' }),
  limit: count()
    .nullable()
    .default(defaults.limit)
    .meta({ description: 'Items of each language at most, the first ones; null asks all.', unit: 'items' }),
  shots: z.int().min(0).max(100).default(0).meta({
    description:
      'Solved examples before each question. Tasks without examples of their own take them from a part that is not asked; see `split`.',
  }),
  scoring: z.enum(['letters', 'text']).nullable().default(null).meta({
    description: 'What is scored: the letters of the options or their texts; null is what the task says.',
  }),
  prompt: z
    .enum(['paper', 'lm_eval', 'question', 'plain'])
    .nullable()
    .default(null)
    .meta({
      description:
        "Form of the prompt: the paper's (Figure 6) and lm-evaluation-harness' list the options under letters, `question` is " +
        '"Question: .. Answer:", `plain` the question as it is; null is paper for letters and question for text.',
    }),
  chat: z.boolean().default(false).meta({ description: "Put each prompt into the model's chat template." }),
  metric: z
    .enum(['sum', 'tokens', 'bytes', 'pmi'])
    .default('sum')
    .meta({
      description:
        'What option texts are compared by: the log-probability, the same a token or a byte, or less that of the option ' +
        'without its question.',
      source: 'sum: on Gemma 3 270M 63.2 % of BMLAMA against 56.8 a token, and pmi below both',
    }),
  split: z
    .enum(['all', 'dev1', 'dev2', 'test'])
    .default(defaults.split)
    .meta({
      description:
        'The part of the items that is asked: dev1 is for vectors and examples, dev2 to choose by, test to report.',
      ...(defaults.splitSource === undefined ? {} : { source: defaults.splitSource }),
    }),
  split_by: z
    .enum(['question', 'item'])
    .default('question')
    .meta({
      description:
        'Parts of whole questions, with all their variants and languages, or of items each by itself, as the paper has them: ' +
        'then questions leak from one part into another, and it is told how many.',
    }),
  dev1_size: count().default(100).meta({
    description: 'Items of a language in Dev1, a quarter of all at most.',
    unit: 'items',
    source: "100: the paper's Table 2",
  }),
  dev2_size: count().default(100).meta({
    description: 'Items of a language in Dev2, a quarter of all at most.',
    unit: 'items',
    source: "100: the paper's Table 2",
  }),
  token_budget: count().max(1_000_000).default(4096).meta({
    description: 'Tokens of a forward pass; costs memory, does not change the result.',
    unit: 'tokens',
  }),
});
