/** What a recipe comes to, found without training: rows, tokens, steps, memory, and what of a row is trained on. */
import pc from 'picocolors';
import type { Example } from '../data/index.ts';
import { countParameters } from '../model/index.ts';
import type { Tokenizer } from '../model/tokenizer/index.ts';
import type { Recipe } from '../recipe/index.ts';
import { findRecipeModel } from '../runs/model-source.ts';
import { requireFigure } from '../trainers/best.ts';
import { readRows } from '../trainers/methods.ts';
import { totalSteps } from '../trainers/steps.ts';
import { askDuringTraining, taskFigures } from '../trainers/task-measure.ts';
import { bytes, count } from './format.ts';
import { describeAsked } from './inspect-evaluation.ts';
import { createProgress } from './progress.ts';

/** What the rows below mean. */
const LEGEND =
  '  what is trained on is in [[ ]]; special tokens are as <eos>, letters that spell one as \\<eos>:';
/** Rows whose masks are shown. */
const SHOWN = 2;
/** Float32 weights, their gradient, and AdamW's two running means. */
const BYTES_A_PARAMETER = 16;

/**
 * Reads data, model description and tokenizer, and describes the run.
 *
 * @throws UserError for everything that training would throw one for before its first step.
 */
export async function inspectRecipe(recipe: Recipe, cwd = process.cwd()): Promise<string> {
  const rows = await readRows(recipe, cwd);
  const warnings: string[] = [];
  const source = await findRecipeModel(recipe, {
    cwd,
    progress: { ...createProgress({ memory: () => 0 }), message: (text) => void warnings.push(text) },
  });
  const data = rows.encode(source, (text) => warnings.push(text));
  const notes: string[] = [];
  const asked = await askDuringTraining(recipe, source, cwd, (text, level) =>
    (level === 'warning' ? warnings : notes).push(text),
  );
  requireFigure(recipe, { names: data.figures, exact: asked.flatMap(taskFigures) });
  const parameters = countParameters(source.config);
  const lines = [
    ['model', `${recipe.model.path}, ${count(parameters)} parameters`],
    ...data.summary,
    ...asked.map((one) => ['questions', describeAsked(one)]),
    ...notes.map((text) => ['note', text]),
    ['steps', `${totalSteps(recipe, data.stepsPerEpoch)} of ${recipe.train.batchSize} rows`],
    [
      'memory',
      `${bytes(parameters * BYTES_A_PARAMETER)} for weights, gradients and optimizer; activations on top`,
    ],
    ['run folder', recipe.out],
    ...warnings.map((text) => ['warning', text]),
  ].map(([label, text]) => `  ${label!.padEnd(10)}  ${text}`);
  const samples = data.samples.slice(0, SHOWN).map((example) => maskedText(example, source.tokenizer));
  return [...lines, LEGEND, ...samples.map((text) => `    ${text}`)].join('\n');
}

/** The row as text with its targets marked, in colour too where there is any. */
function maskedText({ ids, target }: Example, tokenizer: Tokenizer): string {
  let text = '';
  for (let start = 0; start < ids.length; ) {
    let end = start;
    while (end < ids.length && Boolean(target[end]) === Boolean(target[start])) end++;
    const part = shownText(Array.from(ids.slice(start, end)), tokenizer).replaceAll('\n', '\\n');
    text += target[start] ? pc.green(`[[${part}]]`) : pc.dim(part);
    start = end;
  }
  return text;
}

/** Text of ids, in which tokens that are found whole (`<eos>`) are told from letters that spell one (`\\<eos>`). */
function shownText(ids: readonly number[], tokenizer: Tokenizer): string {
  const whole = [...tokenizer.added].filter(([content]) => !/^[\s▁]*$/u.test(content));
  const wholeIds = new Set(whole.map(([, { id }]) => id));
  let text = '';
  let letters: number[] = [];
  const flush = (): void => {
    let part = letters.length === 0 ? '' : tokenizer.decode(letters);
    for (const [content] of whole) part = part.replaceAll(content, `\\${content}`);
    text += part;
    letters = [];
  };
  for (const id of ids) {
    if (!wholeIds.has(id)) letters.push(id);
    else {
      flush();
      text += tokenizer.idToToken(id);
    }
  }
  flush();
  return text;
}
