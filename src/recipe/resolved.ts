/** Writes a recipe back with every value filled in: what `recipe.resolved.yaml` holds. */
import { existsSync } from 'node:fs';
import { stringify } from 'yaml';
import { absolutePath } from '../paths.ts';
import { snakeCase } from './case.ts';
import { type EvalRecipe, METHODS, type Recipe } from './schema.ts';

/** YAML with all fields of `recipe`; reading it gives the same recipe. */
export function recipeYaml(recipe: Recipe | EvalRecipe): string {
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
export function withAbsolutePaths<R extends Recipe>(recipe: R, cwd = process.cwd()): R {
  const local = (path: string) => {
    const absolute = absolutePath(cwd, path);
    return !BUILT_IN.test(path) && existsSync(absolute) ? absolute : path;
  };
  const inSources = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inSources);
    if (value === null || typeof value !== 'object') return value;
    return { ...value, path: local((value as { path: string }).path) };
  };
  const inSection = <T extends { train: unknown; eval: unknown }>(section: T): T => ({
    ...section,
    train: inSources(section.train),
    eval: inSources(section.eval),
  });
  const { model, eval: evaluation } = recipe;
  const made: R = {
    ...recipe,
    out: absolutePath(cwd, recipe.out),
    model: {
      ...model,
      path: local(model.path),
      tokenizer: model.tokenizer === null ? null : local(model.tokenizer),
    },
    data: inSection(recipe.data),
    eval: {
      ...evaluation,
      tasks:
        evaluation.tasks?.map((task) => ({ ...task, path: task.path === null ? null : local(task.path) })) ??
        null,
    },
  };
  return made.method === 'midalign' ? { ...made, align: inSection(made.align) } : made;
}
