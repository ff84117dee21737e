/** What an evaluation's recipe comes to, found without asking anything: items, questions, tokens, and how a prompt looks. */
import { type AskedTask, askTask } from '../eval/ask.ts';
import { defaultOut } from '../eval/default-out.ts';
import { evaluationOf, studyOf } from '../eval/from-recipe.ts';
import { prepareStudy } from '../eval/study/prepare.ts';
import { countParameters } from '../model/index.ts';
import type { EvalRecipe } from '../recipe/index.ts';
import { findModel } from '../runs/index.ts';
import { count } from './format.ts';
import { createProgress } from './progress.ts';

/**
 * Reads tasks, model description and tokenizer, and describes the evaluation.
 *
 * @throws UserError for everything that it would throw one for before its first score.
 */
export async function inspectEvaluation(recipe: EvalRecipe, cwd = process.cwd()): Promise<string> {
  if (recipe.steering.kind !== 'none') return inspectStudy(recipe, cwd);
  const request = evaluationOf(recipe, defaultOut(recipe, ''));
  const notes: string[] = [];
  const hear = (text: string) => void notes.push(text);
  const progress = { ...createProgress({ memory: () => 0 }), message: hear };
  const source = await findModel(
    { path: request.model, ...(request.tokenizer === undefined ? {} : { tokenizer: request.tokenizer }) },
    { cwd, progress },
  );
  const asked: AskedTask[] = [];
  for (const task of request.tasks) asked.push(await askTask(task, request, source, cwd, hear));
  const lines = [
    ['model', `${request.model}, ${count(countParameters(source.config))} parameters`],
    ...asked.map((one) => ['questions', describeAsked(one)]),
    ['results', request.out],
    ...notes.map((text) => ['note', text]),
  ].map(([label, text]) => `  ${label!.padEnd(10)}  ${text}`);
  const [first] = asked[0]!.prepared;
  const shown = `${first!.prompt}[[${first!.continuations.join(']] [[')}]]`;
  return [...lines, '  what is scored is in [[ ]]:', ...shown.split('\n').map((line) => `    ${line}`)].join(
    '\n',
  );
}

/** The questions of its parts, and what vectors are made of. */
async function inspectStudy(recipe: EvalRecipe, cwd: string): Promise<string> {
  const request = studyOf(recipe, defaultOut(recipe, recipe.steering.kind));
  const notes: string[] = [];
  const progress = {
    ...createProgress({ memory: () => 0 }),
    message: (text: string) => void notes.push(text),
  };
  const { model, pairs, questions } = await prepareStudy(request, { cwd, progress });
  const { dev2, test, named } = questions;
  const lines = [
    ['model', `${model.name}, ${count(countParameters(model.source.config))} parameters`],
    ...[...pairs].map(([kind, { task, languages }]) => [
      kind.toUpperCase(),
      `of Dev1 of ${task.name}, pairs: ${languages.map(({ language, ids }) => `${language} ${ids.length}`).join('  ')}`,
    ]),
    ...[dev2, test].flatMap(({ universal, cultural }) => [
      ['questions', describeAsked(universal)],
      ['questions', describeAsked(cultural)],
    ]),
    ...(named ? [['questions', `${describeAsked(named)}; the country named`]] : []),
    ['results', request.out],
    ...notes.map((text) => ['note', text]),
  ];
  return lines.map(([label, text]) => `  ${label!.padEnd(10)}  ${text}`).join('\n');
}

/** A task's items, questions, languages and tokens in a line. */
export function describeAsked({ task, items, prepared, key }: AskedTask): string {
  const questions = new Set(items.map(({ cluster }) => cluster)).size;
  const tokens = prepared.reduce(
    (sum, { sequences }) => sum + sequences.reduce((all, { ids }) => all + ids.length, 0),
    0,
  );
  const part = key.split === null ? '' : `, ${key.split}`;
  return `${task.name}: ${count(items.length)} items of ${count(questions)} questions in ${key.languages.join(' ')}, by ${key.scoring}${part}, ${count(tokens)} tokens before any are shared`;
}
