/** From recipes to what evaluations are asked for, and what only tasks know to be wrong in one. */
import { type Problem, UserError } from '../errors.ts';
import type { EvalRecipe, QuestionChecks, Questions } from '../recipe/index.ts';
import { type AskSettings, scoringOf, type TaskRequest } from './ask.ts';
import type { EvaluationRequest } from './evaluate.ts';
import { axesOf } from './study/axes.ts';
import type { StudyRequest } from './study/request.ts';
import { findTask } from './tasks/index.ts';
import { taskLanguages, taskOptions } from './tasks/options.ts';

/** The evaluation of a recipe. @param out where it names no folder */
export function evaluationOf(recipe: EvalRecipe, out: string): EvaluationRequest {
  const { model, backend } = recipe;
  return {
    ...askSettings(recipe, recipe.seed),
    model: model.path,
    ...(model.tokenizer === null ? {} : { tokenizer: model.tokenizer }),
    embedScale: model.embedScale,
    tasks: taskRequests(recipe.tasks),
    out: recipe.out ?? out,
    tokenBudget: recipe.tokenBudget,
    backend,
  };
}

/** The study of steering of a recipe that names one. @throws UserError for tasks that are no axes */
export function studyOf(recipe: EvalRecipe, out: string): StudyRequest {
  const { model, backend, steering, seed, tokenBudget } = recipe;
  const { kind, universalTask, culturalTask, vectors, vectorsFrom } = steering;
  if (kind === 'none') throw new Error('the recipe does not steer');
  const { split: _, ...asking } = askSettings(recipe, seed);
  return {
    ...{ kind, asking, backend, tokenBudget, model: model.path, embedScale: model.embedScale },
    ...(model.tokenizer === null ? {} : { tokenizer: model.tokenizer }),
    parts: { by: recipe.splitBy, dev1: recipe.dev1Size, dev2: recipe.dev2Size },
    ...axesOf(taskRequests(recipe.tasks), { universal: universalTask, cultural: culturalTask }),
    fixed: {
      ...(steering.en ? { en: steering.en } : {}),
      ...(steering.loc ? { loc: steering.loc } : {}),
    },
    ...{ layers: steering.layers, gammas: steering.gammas, chooseBy: steering.chooseBy },
    ...{ readAt: steering.readAt, appliedAt: steering.appliedAt },
    ...(vectors === null ? {} : { vectors }),
    ...(vectorsFrom === null ? {} : { vectorsFrom }),
    controls: steering.controls,
    out: recipe.out ?? out,
  };
}

/** How a recipe asks its tasks. */
export function askSettings(asking: Omit<Questions, 'tasks'>, seed: number): AskSettings {
  const { languages, limit, shots, scoring, prompt, chat, metric } = asking;
  const { split, splitBy, dev1Size, dev2Size } = asking;
  return {
    ...{ languages: languages ?? [], limit, shots, chat, metric, seed },
    ...(scoring === null ? {} : { scoring }),
    ...(prompt === null ? {} : { prompt }),
    ...(split === 'all' ? {} : { split: { part: split, by: splitBy, dev1: dev1Size, dev2: dev2Size } }),
  };
}

/** Tasks of a recipe; what is a number in YAML is its text to a task. */
export function taskRequests(tasks: EvalRecipe['tasks']): TaskRequest[] {
  return tasks.map(({ name, path, options }) => ({
    name,
    ...(path === null ? {} : { path }),
    options: Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)])),
  }));
}

/** Tasks, options and languages that there are not, each with its place in the recipe. */
export const checkQuestions: QuestionChecks = (questions) => {
  const found: ReturnType<QuestionChecks> = [];
  const add = (path: (string | number)[], work: () => unknown): void => {
    for (const problem of problemsOf(work)) {
      // What no task has is wrong once, not once a task.
      const isKnown = found.some((one) => one.problem.message === problem.message);
      if (!isKnown) found.push({ path, problem });
    }
  };
  const names = new Map<string, number>();
  for (const [i, request] of taskRequests(questions.tasks).entries()) {
    const path = ['tasks', i];
    const before = problemsOf(() => findTask(request.name));
    for (const problem of before) found.push({ path: [...path, 'name'], problem });
    if (before.length > 0) continue;
    const first = names.get(request.name);
    if (first !== undefined) add([...path, 'name'], () => fail(`the task ${request.name} is named twice`));
    names.set(request.name, i);
    const task = findTask(request.name);
    for (const [key, value] of Object.entries(request.options))
      add([...path, 'options', key], () => taskOptions(task, { [key]: value }));
    add(['metric'], () => scoringOf(task, askSettings(questions, 0)));
    for (const [at, language] of (questions.languages ?? []).entries())
      add(['languages', at], () => taskLanguages(task.name, [language], task.languages));
  }
  const { steering } = questions;
  const areKnown = questions.tasks.every(({ name }) => problemsOf(() => findTask(name)).length === 0);
  if (steering !== undefined && steering.kind !== 'none') {
    const { universalTask: universal, culturalTask: cultural } = steering;
    if (areKnown)
      add(['steering', 'kind'], () => axesOf(taskRequests(questions.tasks), { universal, cultural }));
    if (questions.split === 'dev1' || questions.split === 'dev2')
      add(['split'], () => fail(`steering reports Test: split must be test or left out`));
    if (questions.everyCheckpoint)
      add(['every_checkpoint'], () =>
        fail('steering is of one checkpoint: name its folder, or the run for the newest'),
      );
  }
  if (names.size === 0)
    for (const [at, language] of (questions.languages ?? []).entries())
      add(['languages', at], () => taskLanguages('', [language]));
  return found;
};

function fail(message: string): never {
  throw new UserError(message);
}

/** Problems without their places. */
function problemsOf(work: () => unknown): Pick<Problem, 'message' | 'hint'>[] {
  try {
    work();
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.problems.map(({ message, hint }) => ({ message, ...(hint === undefined ? {} : { hint }) }));
  }
}
