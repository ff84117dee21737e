/** Recipes of evaluations: what is asked of which model, and how. */
import { z } from 'zod';
import { common } from './common.ts';
import { questions, tasks } from './questions.ts';
import { steering } from './steering.ts';

const { backend, model } = common;
// In bfloat16 options tie that differ in float32: what is reported is computed in full.
const float32 = z.enum(['auto', 'float32', 'bfloat16']).default('float32').meta({
  description: 'Number type of matrix products; bfloat16 is faster and makes ties.',
});

/** Multiple choice by log-likelihood. */
export const evaluation = z
  .strictObject({
    method: z
      .literal('eval')
      .meta({ description: 'Questions with options, asked of a model that is there: `isogloss eval`.' }),
    seed: common.seed.meta({
      description: 'Seed of everything random: order of options, parts, examples, intervals.',
    }),
    out: z.string().min(1).nullable().default(null).meta({
      description:
        'Folder of the results; one that holds the same evaluation is gone on with. null is `eval/<model>-<tasks>`, of a series `eval/<model>-<tasks>-steps`.',
    }),
    model: model.meta({ description: 'The model that is asked; a run is asked by its newest checkpoint.' }),
    every_checkpoint: z.boolean().default(false).meta({
      description:
        'Ask every checkpoint of a run, each in a folder of its own below `out`, and give the figures by step.',
    }),
    tasks: tasks.default([{ name: 'toy', path: null, options: {} }]).meta({
      description: 'What is asked: a task, a list of them, or names with commas.',
      each: 'task',
    }),
    ...questions({ limit: null, split: 'all' }),
    steering: steering.prefault({}).meta({
      description:
        'Steer the model, and report it on the transfer-localization plane: `none`, `en`, `loc` or `sur`, or its fields. Test is asked, whatever `split` says.',
    }),
    backend: backend.unwrap().extend({ compute: float32 }).prefault({}).meta({ description: 'The engine.' }),
  })
  .meta({ title: 'eval' });
