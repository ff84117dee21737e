export { type Camel, camelCase, snakeCase } from './case.ts';
export { recipeReference } from './docs.ts';
export { isOverride } from './overrides.ts';
export { parseRecipe, parseRecipeText } from './parse.ts';
export { recipeYaml, withAbsolutePaths, withDefaults } from './resolved.ts';
export type { CloRecipe, Method, MidalignRecipe, MistRecipe, Recipe } from './schema.ts';
export { recipeJsonSchema } from './shape.ts';
export { findRecipe, recipesRoot, shippedRecipes } from './shipped.ts';
