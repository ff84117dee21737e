/** Recipes of MIST. */
import { z } from 'zod';
import { common, rows } from './common.ts';

/** Multilingual instruction tuning: the likelihood of the reply, in every language of the data. */
export const mist = z
  .strictObject({
    method: z
      .literal('mist')
      .meta({ description: 'Multilingual instruction tuning: likelihood of replies.' }),
    ...common,
    data: rows,
  })
  .meta({ title: 'mist' });
