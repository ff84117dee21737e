/** The model that a run began with, wanted again when the run has gone on from it. */
import { UserError } from '../errors.ts';
import type { Recipe } from '../recipe/index.ts';
import { type FindOptions, findRecipeModel, type ModelSource } from '../runs/index.ts';

/** What a resumption knows of that model. */
export interface FirstModel extends Required<FindOptions> {
  recipe: Recipe;
  /** Its identity by run.json. */
  identity: string;
  /** Take another in its place, with a warning. */
  force: boolean;
}

/**
 * Finds it where the recipe says.
 *
 * @throws UserError if it is not there, or if its weights are others by now: what is computed with them (log-probs of the
 *   reference, statistics) would be of a model that the run never had.
 */
export async function findFirstModel(options: FirstModel): Promise<ModelSource> {
  const { recipe, identity, force, cwd, progress } = options;
  const source = await findRecipeModel(recipe, { cwd, progress });
  const present = await source.identity({ like: identity, message: (text) => progress.message(text) });
  if (present === identity) return source;
  const message = 'the model is not the one that this run began with, and the run needs that one once more';
  if (!force)
    throw new UserError({
      file: recipe.model.path,
      message: `${message}; bring it back, or insist with --force`,
    });
  progress.message(`going on although ${message}`, 'warning');
  return source;
}
