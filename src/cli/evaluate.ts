/** What `isogloss eval`, `compare` and `score` do: recipes read, progress shown, tables printed. */
import { existsSync } from 'node:fs';
import { UserError } from '../errors.ts';
import { compareResults } from '../eval/compare.ts';
import { formatComparison } from '../eval/compare-text.ts';
import { defaultOut } from '../eval/default-out.ts';
import { type EvaluationResult, evaluate, type Scored } from '../eval/evaluate.ts';
import { checkQuestions, evaluationOf } from '../eval/from-recipe.ts';
import type { ScoredItem } from '../eval/item.ts';
import { metricNamed } from '../eval/metric.ts';
import { rescore, savedScores } from '../eval/results/index.ts';
import { evaluateSeries } from '../eval/series.ts';
import { formatSeries } from '../eval/series-text.ts';
import { summarize } from '../eval/summary.ts';
import { formatSummary } from '../eval/text.ts';
import { type EvalRecipe, parseEvalRecipe, shippedRecipes } from '../recipe/index.ts';
import { watchSignals } from '../runs/index.ts';
import { type EvalArgs, evalSettings, textSetting } from './eval-flags.ts';
import { scoredLines } from './eval-progress.ts';
import { createProgress, fromHere, type Progress } from './progress.ts';

/** Evaluates, and prints the table of each task. @throws UserError; Interrupted after a signal, when what is done is kept */
export async function evaluateModel(args: EvalArgs): Promise<void> {
  const recipe = readEvalRecipe(args);
  const request = evaluationOf(recipe, defaultOut(recipe));
  const progress = createProgress({ memory: () => 0 });
  const signals = watchSignals((name) => progress.message(`${name}: stopping; what is scored is kept`));
  const lines = scoredLines(progress);
  const options = {
    ...{ cwd: process.cwd(), progress, stop: signals },
    onScored: (at: Scored) => lines.scored(at),
  };
  try {
    if (recipe.everyCheckpoint) {
      const { path, steps } = await evaluateSeries(request, {
        ...options,
        onCheckpoint: ({ step, index, count }) => lines.begin(`step ${step} (${index + 1}/${count})  `),
      });
      progress.clear();
      tell(steps.at(-1)!.tasks, progress);
      process.stdout.write(`${formatSeries(steps)}\n\nseries: ${fromHere(path)}\n`);
      return;
    }
    const { results, tasks } = await evaluate(request, options);
    progress.clear();
    tell(tasks, progress);
    for (const { task, summary } of tasks) process.stdout.write(`${formatSummary(task, summary)}\n\n`);
    process.stdout.write(`results: ${fromHere(results)}\n`);
  } finally {
    progress.clear();
    signals.dispose();
  }
}

/** What the figures should be taken with; of a series those of the last step, as most hold for each. */
function tell(tasks: EvaluationResult['tasks'], progress: Progress): void {
  for (const { summary } of tasks)
    for (const warning of summary.warnings) progress.message(warning, 'warning');
}

/** The recipe of an evaluation that the command line names, or spells by its options alone. */
function readEvalRecipe(args: EvalArgs): EvalRecipe {
  const settings = evalSettings(args);
  if (isEvalRecipe(args.model)) return parseEvalRecipe(args.model, settings, checkQuestions);
  const named = [
    textSetting('eval', ['method'], 'eval'),
    textSetting(args.model, ['model', 'path'], args.model),
  ];
  return parseEvalRecipe(undefined, [...named, ...settings], checkQuestions);
}

/** A recipe is told by its ending, or is one that ships; what lies there under a name without ending is a model. */
function isEvalRecipe(name: string): boolean {
  if (/\.ya?ml$/i.test(name)) return true;
  return shippedRecipes().includes(name) && !existsSync(name);
}

/** Prints the figures of a folder of results again, by another metric. */
export async function scoreAgain({
  dir,
  metric,
  seed,
}: {
  dir: string;
  metric: string;
  seed: number;
}): Promise<void> {
  const by = metricNamed(metric);
  const found = await rescore(dir, ({ scores, ended }) => ({
    summary: summarize(scores, by, { seed }),
    ended,
  }));
  for (const { task, figures } of found) {
    process.stdout.write(`${formatSummary(task, figures.summary)}\n`);
    if (!figures.ended) process.stdout.write('the evaluation has not ended: these are the items so far\n');
    for (const warning of figures.summary.warnings) process.stderr.write(`warning: ${warning}\n`);
    process.stdout.write('\n');
  }
}

/** Prints two folders of results side by side, task by task. */
export async function compareFolders(args: {
  a: string;
  b: string;
  metric: string;
  seed: number;
}): Promise<void> {
  const metric = metricNamed(args.metric);
  const [inA, inB] = [await byTask(args.a), await byTask(args.b)];
  const shared = [...inA.keys()].filter((task) => inB.has(task));
  if (shared.length === 0)
    throw new UserError(
      `${args.a} (${[...inA.keys()].join(', ')}) and ${args.b} (${[...inB.keys()].join(', ')}) have no task in common`,
    );
  for (const task of shared) {
    const compared = compareResults(
      { name: args.a, items: inA.get(task)! },
      { name: args.b, items: inB.get(task)! },
      { metric, seed: args.seed },
    );
    process.stdout.write(`${task}\n${formatComparison(compared)}\n\n`);
  }
}

async function byTask(dir: string): Promise<Map<string, ScoredItem[]>> {
  const found = new Map<string, ScoredItem[]>();
  for await (const { task, scores } of savedScores(dir))
    found.set(task, [...(found.get(task) ?? []), ...scores]);
  return found;
}
