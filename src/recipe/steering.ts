/** Fields of how an evaluation steers its model: which vectors, where they are added, and what stands beside them. */
import { z } from 'zod';
import { splitNames } from './questions.ts';

const dose = z.number().min(-100).max(100);
const gamma = dose.refine((value) => value !== 0, { message: '0 steers nothing' });

/** A layer and a dose that are not to be chosen. */
const place = (paper: string) =>
  z
    .strictObject({
      layer: z.int().min(0).meta({ description: 'Its output is steered, counted from 0.' }),
      gamma: gamma.default(2).meta({ description: 'Times the raw vector.', source: '2: the paper' }),
    })
    .nullable()
    .default(null)
    .meta({ description: `Layer and gamma, where they are not to be chosen on Dev2 (${paper}).` });

const controls = z
  .strictObject({
    random: z.int().min(0).max(100).default(5).meta({
      description:
        'Random directions as long as the vectors, at the same places: the floor of what steering does.',
    }),
    wrong_country: z.boolean().default(true).meta({
      description: 'LOC with the vector of another country: what is not about this one.',
    }),
    doses: z.preprocess(splitList, z.array(dose).max(20)).default([0, 0.5, 1, 2]).meta({
      description: 'Times the chosen gamma: an effect that does not grow with the dose is suspect.',
    }),
    context: z.boolean().default(true).meta({
      description:
        'Ask the cultural questions with their country named, too: what is known and not brought out.',
    }),
  })
  .prefault({})
  .meta({ description: 'What stands beside the steered model in the report.' });

/** `.5,1,2` as the list that it is short for. */
function splitList(value: unknown): unknown {
  const names = splitNames(typeof value === 'number' ? [value] : value);
  if (!Array.isArray(names)) return names;
  return names.map((name) => (typeof name === 'string' && name.trim() !== '' ? Number(name) : name));
}

/** `2,4-6` as `2,4,5,6`; a range that is none stays, to be refused. */
function withRanges(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value.replace(/(\d{1,4})\s*-\s*(\d{1,4})/g, (text, from: string, to: string) => {
    const count = Number(to) - Number(from) + 1;
    return count < 1 ? text : Array.from({ length: count }, (_, i) => Number(from) + i).join(',');
  });
}

/** `steering: sur` stands for it with nothing else set. */
export const steering = z.preprocess(
  (value) => (typeof value === 'string' ? { kind: value } : value),
  z.strictObject({
    kind: z
      .enum(['none', 'en', 'loc', 'sur'])
      .default('none')
      .meta({
        description:
          'The vectors that are added: of English, of the country, or of both (surgical steering). They are made of Dev1, placed by ' +
          'Dev2, and Test is asked without and with them.',
      }),
    universal_task: z.string().min(1).nullable().default(null).meta({
      description:
        'Of `tasks` the one that EN is made of and transfer measured on; null is the one of universal knowledge.',
    }),
    cultural_task: z.string().min(1).nullable().default(null).meta({
      description:
        'Of `tasks` the one that LOC is made of and localization measured on; null is the one of culture.',
    }),
    en: place('the paper has layer 20 of 48'),
    loc: place('the paper has layer 28 of 48'),
    layers: z
      .preprocess((value) => splitList(withRanges(value)), z.array(z.int().min(0)).min(1))
      .nullable()
      .default(null)
      .meta({ description: 'Layers to choose from, as a list or `4-9`; null is all.' }),
    gammas: z
      .preprocess(splitList, z.array(gamma).min(1).max(20))
      .default([0.5, 1, 2])
      .meta({ description: 'Doses to choose from, times the raw vector.' }),
    choose_by: z
      .enum(['accuracy', 'choice_logprob'])
      .default('accuracy')
      .meta({
        description:
          'What EN is to raise of the universal questions of Dev2, and LOC of the cultural ones without a loss of the others that can be ' +
          'told: accuracy, or the log-probability of the right option among the options, which moves where accuracy does not.',
        source: 'accuracy: the paper',
      }),
    read_at: z.enum(['last', 'mean', 'answer']).default('last').meta({
      description:
        'Where a prompt is read for the vectors: at its last token, over all, or at the last token of the right answer.',
      source: 'last: the code of Veselovsky et al., AISteer360 and repeng; the paper does not say',
    }),
    applied_at: z.enum(['prompt_end', 'everywhere']).default('prompt_end').meta({
      description:
        'Tokens that vectors are added to: from the last of the prompt on, or all. With all of them prompts share nothing.',
      source: 'prompt_end: the code of CAA and of Veselovsky et al.',
    }),
    vectors: z.string().min(1).nullable().default(null).meta({
      description:
        'Folder in which vectors are kept, for several evaluations, under names that say what they are of; null keeps them in `out`.',
    }),
    vectors_from: z.string().min(1).nullable().default(null).meta({
      description:
        'The model that vectors are taken from, of the same shape; null is the one that is steered.',
    }),
    controls,
  }),
);
