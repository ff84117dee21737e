/** What `isogloss eval` does: recipes read, progress shown, tables printed. */
import { existsSync } from 'node:fs';
import { UserError } from '../errors.ts';
import { defaultOut } from '../eval/default-out.ts';
import type { EvaluationResult } from '../eval/ending.ts';
import { evaluate, type Scored } from '../eval/evaluate.ts';
import { checkQuestions, evaluationOf } from '../eval/from-recipe.ts';
import { evaluateSeries } from '../eval/series.ts';
import { formatSeries } from '../eval/series-text.ts';
import { formatSummary } from '../eval/text.ts';
import { type EvalRecipe, parseEvalRecipe, shippedRecipes } from '../recipe/index.ts';
import { watchSignals } from '../runs/index.ts';
import { type EvalArgs, evalSettings, textSetting } from './eval-flags.ts';
import { scoredLines } from './eval-progress.ts';
import { createProgress, fromHere, type Progress } from './progress.ts';
import { describeSteps, readSteps, stepsName } from './steer-steps.ts';

/** Evaluates, and prints the table of each task. @throws UserError; Interrupted after a signal, when what is done is kept */
export async function evaluateModel(args: EvalArgs): Promise<void> {
  const recipe = readEvalRecipe(args);
  if (recipe.steering.kind !== 'none') {
    requireOneSteering(args);
    const { steerAndReport } = await import('./study.ts');
    return steerAndReport(recipe);
  }
  const steering = await readSteps(args);
  const request = {
    ...evaluationOf(recipe, defaultOut(recipe, stepsName(steering))),
    ...{ steering, steerAnyWeights: args.steerAnyWeights },
  };
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
    const steered = describeSteps(steering);
    if (steered !== undefined) process.stdout.write(`${steered}\n\n`);
    for (const { task, summary } of tasks) process.stdout.write(`${formatSummary(task, summary)}\n\n`);
    process.stdout.write(`results: ${fromHere(results)}\n`);
  } finally {
    progress.clear();
    signals.dispose();
  }
}

/** @throws UserError for vectors that are named beside those that are to be made */
function requireOneSteering({ steer }: EvalArgs): void {
  if (steer.length > 0)
    throw new UserError(
      `--steer ${steer[0]} names a vector, and --steering makes and places its own: give one of the two`,
    );
}

/** What the figures should be taken with; of a series those of the last step, as most hold for each. */
function tell(tasks: EvaluationResult['tasks'], progress: Progress): void {
  for (const { task, summary } of tasks)
    for (const warning of summary.warnings) progress.message(`${task}: ${warning}`, 'warning');
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
