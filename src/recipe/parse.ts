/** Reads a recipe: YAML 1.2, overrides, schema, rules; all mistakes at once, each with its place. */
import { LineCounter, parseDocument } from 'yaml';
import { type Problem, UserError } from '../errors.ts';
import { expandHome } from '../paths.ts';
import { readTextFile } from '../text.ts';
import { camelCase } from './case.ts';
import { explain, nearest, show } from './explain.ts';
import { applyOverrides, firstLine, type Setting } from './overrides.ts';
import { locate, type Places } from './place.ts';
import { checkRules } from './rules.ts';
import {
  type EvalRecipe,
  type EvalRecipeFile,
  type Kind,
  type Recipe,
  type RecipeFile,
  SCHEMAS,
} from './schema.ts';
import type { Path } from './shape.ts';
import { findRecipe } from './shipped.ts';

/** Largest recipe that is read; real ones have two kilobytes. */
const MAX_BYTES = 1 << 20;

/**
 * The training recipe in `file` (a path, or the name of a shipped recipe such as `mist`) with `overrides` applied.
 *
 * @throws UserError listing everything that is wrong, with `file:line:column` or the override concerned.
 */
export function parseRecipe(
  file: string,
  overrides: readonly Setting[] = [],
  checks?: QuestionChecks,
): Recipe {
  return parseRecipeText(readTextFile(findRecipe(file), file, MAX_BYTES), file, overrides, checks);
}

/** As `parseRecipe`, for text; `file` is only named in errors. */
export function parseRecipeText(
  text: string,
  file: string,
  overrides: readonly Setting[] = [],
  checks?: QuestionChecks,
): Recipe {
  return parseText(text, file, overrides, checks, 'training') as Recipe;
}

/** The fields of what is asked, which evaluations have at their top and trainings in `eval`. */
export type Questions = Omit<Recipe['eval'], 'tasks'> & Pick<EvalRecipe, 'tasks'>;

/** What can only be known where tasks are: problems with the paths that they are at. */
export type QuestionChecks = (
  questions: Questions & Partial<Pick<EvalRecipe, 'steering' | 'everyCheckpoint'>>,
) => { path: Path; problem: Omit<Problem, 'file' | 'line'> }[];

/**
 * As `parseRecipe`, for the recipe of an evaluation.
 *
 * @param file undefined where there is none, and settings say all
 * @param checks of what the schema does not know; their problems are told with those of the schema's
 * @throws as `parseRecipe`
 */
export function parseEvalRecipe(
  file: string | undefined,
  settings: readonly Setting[] = [],
  checks?: QuestionChecks,
): EvalRecipe {
  const text = file === undefined ? '' : readTextFile(findRecipe(file), file, MAX_BYTES);
  return parseEvalText(text, file ?? '', settings, checks);
}

/** As `parseEvalRecipe`, for text; `file` is only named in errors. */
export function parseEvalText(
  text: string,
  file: string,
  settings: readonly Setting[] = [],
  checks?: QuestionChecks,
): EvalRecipe {
  return parseText(text, file, settings, checks, 'evaluation') as EvalRecipe;
}

/** The recipe of whichever kind. @throws as `parseRecipe` */
export function parseAnyRecipe(
  file: string,
  overrides: readonly Setting[] = [],
  checks?: QuestionChecks,
): Recipe | EvalRecipe {
  return parseText(readTextFile(findRecipe(file), file, MAX_BYTES), file, overrides, checks);
}

function parseText(
  text: string,
  file: string,
  overrides: readonly Setting[],
  checks: QuestionChecks = () => [],
  expected?: 'training' | 'evaluation',
): Recipe | EvalRecipe {
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
  const kind = readKind(value, places, problems);
  if (problems.length === 0) requireKind(kind, expected, places);
  const result = SCHEMAS[kind].safeParse(value, { reportInput: true });
  if (!result.success) {
    const issues = result.error.issues.filter((issue) => issue.path[0] !== 'method');
    problems.push(...issues.flatMap((issue) => explain(issue, kind, places)));
    const rest = kind === 'eval' ? withoutFaults(value, result.error.issues) : undefined;
    if (rest !== undefined) problems.push(...checked(camelCase(rest), [], places, checks));
  } else if (result.data.method === 'eval') {
    problems.push(...checked(camelCase(result.data), [], places, checks));
  } else {
    problems.push(...checkRules(result.data, places));
    const { tasks, ...rest } = camelCase(result.data.eval);
    if (tasks !== null) problems.push(...checked({ ...rest, tasks }, ['eval'], places, checks));
  }
  if (problems.length > 0 || !result.success) throw new UserError(inOrder(problems));
  const { data } = result;
  return data.method === 'eval' ? finishEval(data) : finish(data);
}

/** @throws UserError if a training is to be run as an evaluation, or the other way about */
function requireKind(kind: Kind, expected: 'training' | 'evaluation' | undefined, places: Places): void {
  const found = kind === 'eval' ? 'evaluation' : 'training';
  if (expected === undefined || found === expected) return;
  const message =
    found === 'training'
      ? `is a recipe of training (${kind}), which \`isogloss train\` runs`
      : 'is the recipe of an evaluation, which `isogloss eval` runs';
  throw new UserError({ ...places.find(['method']), message });
}

/** An evaluation's recipe with defaults in place of what is wrong, so that the rest of it can be checked, too. */
function withoutFaults(
  value: unknown,
  issues: readonly { path: PropertyKey[] }[],
): EvalRecipeFile | undefined {
  const root = structuredClone(value) as Record<string, unknown>;
  for (const [key] of issues.map(({ path }) => path)) if (key !== undefined) delete root[String(key)];
  const known = new Set(Object.keys(SCHEMAS.eval.shape));
  for (const key of Object.keys(root)) if (!known.has(key)) delete root[key];
  return SCHEMAS.eval.safeParse({ model: { path: 'tiny' }, ...root }).data;
}

function checked(questions: Questions, at: Path, places: Places, checks: QuestionChecks): Problem[] {
  return checks(questions).map(({ path, problem }) => ({ ...places.find([...at, ...path]), ...problem }));
}

function finishEval(recipe: EvalRecipeFile): EvalRecipe {
  return camelCase({ ...recipe, out: recipe.out === null ? null : expandHome(recipe.out) });
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

/** What `method` says; if that does not exist, it is a problem and the likeliest one is checked instead. */
function readKind(recipe: unknown, places: Places, problems: Problem[]): Kind {
  const known = Object.keys(SCHEMAS) as Kind[];
  const found = (recipe as Record<string, unknown>).method;
  if (typeof found === 'string' && Object.hasOwn(SCHEMAS, found)) return found as Kind;
  const hint = typeof found === 'string' ? nearest(found, known) : undefined;
  const allowed = known.length === 1 ? known[0] : `one of ${known.join(', ')}`;
  problems.push(
    found === undefined
      ? { ...places.find([]), message: `method is missing: it must be ${allowed}` }
      : { ...places.find(['method']), message: `method must be ${allowed}, found ${show(found)}`, hint },
  );
  return (hint as Kind | undefined) ?? known[0]!;
}

/** As they stand in the file, then those of overrides. */
function inOrder(problems: Problem[]): Problem[] {
  const line = (problem: Problem) => problem.line ?? Number.POSITIVE_INFINITY;
  return [...problems].sort((a, b) => {
    const [first, second] = [line(a), line(b)];
    return first === second ? (a.column ?? 0) - (b.column ?? 0) : first < second ? -1 : 1;
  });
}
