/** Reads a recipe: YAML 1.2, overrides, schema, rules; all mistakes at once, each with its place. */
import { LineCounter, parseDocument } from 'yaml';
import { type Problem, UserError } from '../errors.ts';
import { expandHome } from '../paths.ts';
import { readTextFile } from '../text.ts';
import { camelCase } from './case.ts';
import { explain, nearest, show } from './explain.ts';
import { applyOverrides, firstLine } from './overrides.ts';
import { locate, type Places } from './place.ts';
import { checkRules } from './rules.ts';
import { METHODS, type Method, type Recipe, type RecipeFile } from './schema.ts';
import { findRecipe } from './shipped.ts';

/** Largest recipe that is read; real ones have two kilobytes. */
const MAX_BYTES = 1 << 20;

/**
 * The recipe in `file` (a path, or the name of a shipped recipe such as `mist`) with `overrides` applied.
 *
 * @throws UserError listing everything that is wrong, with `file:line:column` or the override concerned.
 */
export function parseRecipe(file: string, overrides: readonly string[] = []): Recipe {
  return parseRecipeText(readTextFile(findRecipe(file), file, MAX_BYTES), file, overrides);
}

/** As `parseRecipe`, for text; `file` is only named in errors. */
export function parseRecipeText(text: string, file: string, overrides: readonly string[] = []): Recipe {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    lineCounter: lines,
    prettyErrors: false,
  });
  // A warning is a tag that is not known: its value would be another than what was meant.
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw new UserError(
      faults.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return { file, line, column: col, message: firstLine(error.message) };
      }),
    );
  }
  const { value, origins, problems } = applyOverrides(toPlain(document, file), overrides);
  const places = locate(file, document, lines, origins);
  const method = readMethod(value, places, problems);
  const result = METHODS[method].safeParse(value, { reportInput: true });
  if (!result.success) {
    const issues = result.error.issues.filter((issue) => issue.path[0] !== 'method');
    problems.push(...issues.flatMap((issue) => explain(issue, method, places)));
  } else problems.push(...checkRules(result.data, places));
  if (problems.length > 0 || !result.success) throw new UserError(inOrder(problems));
  return finish(result.data);
}

/** Camel case, and the defaults that follow from other fields. */
function finish(recipe: RecipeFile): Recipe {
  const { train } = recipe;
  return camelCase({
    ...recipe,
    out: recipe.out === null ? `runs/${recipe.name}` : expandHome(recipe.out),
    train: { ...train, micro_batch_size: Math.min(train.micro_batch_size, train.batch_size) },
  });
}

function toPlain(document: ReturnType<typeof parseDocument>, file: string): unknown {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new UserError({ file, message: (error as Error).message });
  }
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    throw new UserError({
      file,
      line: 1,
      column: 1,
      message: `a recipe is a mapping of keys, found ${show(value)}`,
    });
  }
  return value;
}

/** The recipe's method; if it has none that exists, that is a problem and the likeliest one is checked instead. */
function readMethod(recipe: unknown, places: Places, problems: Problem[]): Method {
  const known = Object.keys(METHODS) as Method[];
  const found = (recipe as Record<string, unknown>).method;
  if (typeof found === 'string' && Object.hasOwn(METHODS, found)) return found as Method;
  const hint = typeof found === 'string' ? nearest(found, known) : undefined;
  const allowed = known.length === 1 ? known[0] : `one of ${known.join(', ')}`;
  problems.push(
    found === undefined
      ? { ...places.find([]), message: `method is missing: it must be ${allowed}` }
      : { ...places.find(['method']), message: `method must be ${allowed}, found ${show(found)}`, hint },
  );
  return (hint as Method | undefined) ?? known[0]!;
}

/** As they stand in the file, then those of overrides. */
function inOrder(problems: Problem[]): Problem[] {
  const line = (problem: Problem) => problem.line ?? Number.POSITIVE_INFINITY;
  return [...problems].sort((a, b) => {
    const [first, second] = [line(a), line(b)];
    return first === second ? (a.column ?? 0) - (b.column ?? 0) : first < second ? -1 : 1;
  });
}
