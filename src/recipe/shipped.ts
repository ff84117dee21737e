/** The recipes that ship with the project, and finding one by path or by name. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { expandHome, packageRoot } from '../paths.ts';
import { nearest } from './explain.ts';

/** Directory of the shipped recipes. */
export function recipesRoot(): string {
  return join(packageRoot(), 'recipes');
}

/** Names of all shipped recipes, as `gemma3-270m/mist`, sorted. */
export function shippedRecipes(): string[] {
  const root = recipesRoot();
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replaceAll('\\', '/').slice(0, -'.yaml'.length))
    .sort();
}

/**
 * The file that `name` means: a path from the working directory, or a shipped recipe's name with or without
 * `recipes/` and `.yaml`.
 *
 * @throws UserError if there is none, with the nearest shipped name.
 */
export function findRecipe(name: string): string {
  const path = expandHome(name);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return path;
  // A name may be that of a folder, too: `eval/toy` where results of that recipe are kept.
  const bare = name.replace(/^recipes\//, '').replace(/\.ya?ml$/, '');
  const shipped = shippedRecipes();
  if (shipped.includes(bare)) return join(recipesRoot(), `${bare}.yaml`);
  if (found !== undefined)
    throw new UserError({ file: name, message: 'a recipe is a file, this is not one' });
  const near = nearest(bare, shipped);
  throw new UserError({
    message: `there is no recipe ${name}: it is neither a file nor one of ${shipped.join(', ')}`,
    hint: near && (name === bare ? near : `recipes/${near}.yaml`),
  });
}
