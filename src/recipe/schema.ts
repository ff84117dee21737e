/** Recipes by method, as the schema that everything else about recipes is derived from. */
import { z } from 'zod';
import type { Camel } from './case.ts';
import { common } from './common.ts';

/** Multilingual instruction tuning: the likelihood of the reply, in every language of the data. */
export const mist = z
  .strictObject({
    method: z
      .literal('mist')
      .meta({ description: 'Multilingual instruction tuning: likelihood of replies.' }),
    ...common,
  })
  .meta({ title: 'mist' });

/** Schema of each method's recipes. A new method is a line here. */
export const METHODS = { mist } as const;

/** Name of a training method. */
export type Method = keyof typeof METHODS;

/** A recipe as its file spells it, with every default filled in. */
export type RecipeFile = { [M in Method]: z.output<(typeof METHODS)[M]> }[Method];

/** A recipe for multilingual instruction tuning, every default filled in. */
export type MistRecipe = Camel<z.output<typeof mist>> & { out: string };

/** Any recipe, told apart by `method`. */
export type Recipe = MistRecipe;
