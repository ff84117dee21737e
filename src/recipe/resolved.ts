/** Writes a recipe back with every value filled in: what `recipe.resolved.yaml` holds. */
import { existsSync } from 'node:fs';
import { stringify } from 'yaml';
import { absolutePath } from '../paths.ts';
import { snakeCase } from './case.ts';
import { METHODS, type Recipe } from './schema.ts';

/** YAML with all fields of `recipe`; reading it gives the same recipe. */
export function recipeYaml(recipe: Recipe): string {
  return `# Every field of the recipe with the value this run used.\n${stringify(snakeCase(recipe), { version: '1.2' })}`;
}

/** A recipe that an older version wrote, with the defaults of fields that have come since: they say what it did. */
export function withDefaults(written: unknown): unknown {
  const method = (written as { method?: unknown } | null)?.method;
  if (typeof method !== 'string' || !Object.hasOwn(METHODS, method)) return written;
  const result = METHODS[method as keyof typeof METHODS].safeParse(written);
  return result.success ? result.data : written;
}

/** Names that stand for something made by the project itself, whatever files lie about. */
const BUILT_IN = /^(tiny$|builtin:)/;

/** The recipe with the paths that exist on this machine made absolute, so that it holds from any directory. */
export function withAbsolutePaths(recipe: Recipe, cwd = process.cwd()): Recipe {
  const local = (path: string) => {
    const absolute = absolutePath(cwd, path);
    return !BUILT_IN.test(path) && existsSync(absolute) ? absolute : path;
  };
  const sources = <T extends { path: string }>(list: T[]): T[] =>
    list.map((source) => ({ ...source, path: local(source.path) }));
  const { model, data } = recipe;
  return {
    ...recipe,
    out: absolutePath(cwd, recipe.out),
    model: {
      ...model,
      path: local(model.path),
      tokenizer: model.tokenizer === null ? null : local(model.tokenizer),
    },
    data: { ...data, train: sources(data.train), eval: data.eval && sources(data.eval) },
  };
}
