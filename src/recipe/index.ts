export { type Camel, camelCase, snakeCase } from './case.ts';
export { recipeReference } from './docs.ts';
export { describe as describeSchema, nearest } from './explain.ts';
export { type FlagSetting, isOverride, parseValue, type Setting } from './overrides.ts';
export {
  parseAnyRecipe,
  parseEvalRecipe,
  parseEvalText,
  parseRecipe,
  parseRecipeText,
  type QuestionChecks,
  type Questions,
} from './parse.ts';
export { type Json, setAt } from './reach.ts';
export { recipeYaml, withAbsolutePaths, withDefaults } from './resolved.ts';
export type { CloRecipe, EvalRecipe, Method, MidalignRecipe, MistRecipe, Recipe } from './schema.ts';
export { type JsonSchema, recipeJsonSchema, schemaAt } from './shape.ts';
export { findRecipe, recipesRoot, shippedRecipes } from './shipped.ts';
