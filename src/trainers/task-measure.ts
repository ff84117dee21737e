/** Questions with options that a model is asked while it is trained, as it lies in memory. */
import { type AskedTask, askTask } from '../eval/ask.ts';
import { askSettings, taskRequests } from '../eval/from-recipe.ts';
import type { ScoredItem } from '../eval/item.ts';
import { type Figure, figuredItems, measures } from '../eval/measures.ts';
import type { Metric } from '../eval/metric.ts';
import { scoreItems } from '../eval/scoring/score.ts';
import { averagedLanguages, languageMeans } from '../eval/statistics.ts';
import type { Gemma3 } from '../model/index.ts';
import type { Recipe } from '../recipe/index.ts';
import type { DataSource, ModelSource } from '../runs/index.ts';
import type { Measure } from './method.ts';

/** What is logged of a task, by the end of its name. */
const FIGURES: readonly (readonly [end: string, figure: Figure])[] = [
  ['acc', 'accuracy'],
  ['choice_logprob', 'choiceLogProb'],
];

/**
 * Reads the tasks that a recipe asks during training; none where it names none.
 *
 * @throws UserError for all that is wrong with them
 */
export async function askDuringTraining(
  { eval: asking, seed }: Recipe,
  source: Pick<ModelSource, 'tokenizer' | 'config'>,
  cwd: string,
  hear: (text: string, level?: 'info' | 'warning') => void,
): Promise<AskedTask[]> {
  const asked: AskedTask[] = [];
  for (const request of taskRequests(asking.tasks ?? []))
    asked.push(await askTask(request, askSettings(asking, seed), source, cwd, hear));
  return asked;
}

/** The files of tasks, as `run.json` lists them. */
export function taskSources(asked: readonly AskedTask[]): DataSource[] {
  return asked.flatMap(({ sources, items }) =>
    sources.map(({ path, sha256 }) => ({ path, sha256, rows: items.length, use: 'eval_task' as const })),
  );
}

/** Names of a task's figures, of each language too. */
export function taskFigures({ task, key }: AskedTask): string[] {
  return FIGURES.flatMap(([end]) => {
    const name = figureName(task.name, end);
    return [name, ...key.languages.map((language) => `${name}/${language}`)];
  });
}

/** Accuracy and choice log-probability (nats) of a task: means as evaluations have them, and those of each language. */
export function taskMeasure(
  model: Gemma3,
  { task, prepared, key }: AskedTask,
  { metric, tokenBudget }: { metric: Metric; tokenBudget: number },
): Measure {
  const scored: ScoredItem[] = [];
  return {
    *pieces() {
      const packs = scoreItems(model, prepared, { tokenBudget });
      let isDone = false;
      while (!isDone)
        yield () => {
          const next = packs.next();
          if (next.done) isDone = true;
          else for (const one of next.value) scored.push(one);
        };
    },
    figures() {
      const figured = figuredItems(scored, metric);
      const averaged = averagedLanguages([...key.languages].sort());
      const found = FIGURES.flatMap(([end, figure]) => {
        const { mean, byLanguage } = languageMeans(measures(figured, figure), averaged);
        const name = figureName(task.name, end);
        const each = Object.entries(byLanguage).map(([language, value]) => [`${name}/${language}`, value]);
        return [[name, mean], ...each] as [string, number][];
      });
      return Object.fromEntries(found);
    },
  };
}

function figureName(task: string, end: string): string {
  return `eval_${task}_${end}`;
}
