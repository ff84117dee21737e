/** Recipes by method, as the schema that everything else about recipes is derived from. */
import type { z } from 'zod';
import type { Camel } from './case.ts';
import { clo } from './clo.ts';
import { evaluation } from './evaluation.ts';
import { midalign } from './midalign.ts';
import { mist } from './mist.ts';

/** Schema of each method's recipes. A new method is a line here. */
export const METHODS = { mist, midalign, clo } as const;

/** Name of a training method. */
export type Method = keyof typeof METHODS;

/** Schema of every kind of recipe, by what `method` says: trainings and evaluations. */
export const SCHEMAS = { ...METHODS, eval: evaluation } as const;

/** What a recipe is of. */
export type Kind = keyof typeof SCHEMAS;

/** An evaluation's recipe as its file spells it, with every default filled in. */
export type EvalRecipeFile = z.output<typeof evaluation>;

/** An evaluation's recipe. */
export type EvalRecipe = Camel<EvalRecipeFile>;

/** A recipe as its file spells it, with every default filled in. */
export type RecipeFile = { [M in Method]: z.output<(typeof METHODS)[M]> }[Method];

/** A recipe with every default filled in. */
type Filled<M extends Method> = Camel<z.output<(typeof METHODS)[M]>> & { out: string };

/** For multilingual instruction tuning. */
export type MistRecipe = Filled<'mist'>;
/** For instruction tuning in turn with alignment of a middle layer. */
export type MidalignRecipe = Filled<'midalign'>;
/** For cross-lingual optimization. */
export type CloRecipe = Filled<'clo'>;

/** Any recipe, told apart by `method`. */
export type Recipe = MistRecipe | MidalignRecipe | CloRecipe;
