/** What `isogloss eval`, `compare` and `score` do: options checked, progress shown, tables printed. */
import type { BackendOptions } from '../backend/index.ts';
import { type Problem, UserError } from '../errors.ts';
import { compareResults } from '../eval/compare.ts';
import { formatComparison } from '../eval/compare-text.ts';
import { defaultOut, evaluate, type TaskRequest } from '../eval/evaluate.ts';
import type { ScoredItem } from '../eval/item.ts';
import { type Metric, metricNamed } from '../eval/metric.ts';
import { rescore, savedScores } from '../eval/results/index.ts';
import type { PromptName } from '../eval/scoring/prompts.ts';
import { summarize } from '../eval/summary.ts';
import { formatSummary } from '../eval/text.ts';
import { watchSignals } from '../runs/index.ts';
import { count, duration } from './format.ts';
import { createProgress } from './progress.ts';

/** The command line, as typed. */
export interface EvalArgs {
  model: string;
  tasks: string;
  data: string[];
  set: string[];
  languages?: string;
  limit?: number;
  shots: number;
  scoring?: 'letters' | 'text';
  prompt?: PromptName;
  metric: Metric;
  chat: boolean;
  seed: number;
  out?: string;
  tokenBudget: number;
  tokenizer?: string;
  backend: NonNullable<BackendOptions['name']>;
  compute: NonNullable<BackendOptions['compute']>;
}

/** Milliseconds between lines of progress. */
const EVERY = 5000;

/** Evaluates, and prints the table of each task. @throws UserError; Interrupted after a signal, when what is done is kept */
export async function evaluateModel(args: EvalArgs): Promise<void> {
  const names = args.tasks.split(',').map((name) => name.trim());
  const tasks = readTasks(names, args);
  const progress = createProgress({ memory: () => 0 });
  const signals = watchSignals((name) => progress.message(`${name}: stopping; what is scored is kept`));
  const started = performance.now();
  let said = started;
  try {
    const { results, tasks: found } = await evaluate(
      {
        ...{
          model: args.model,
          tasks,
          chat: args.chat,
          metric: args.metric,
          seed: args.seed,
          shots: args.shots,
        },
        ...(args.tokenizer === undefined ? {} : { tokenizer: args.tokenizer }),
        languages: args.languages?.split(',').map((name) => name.trim()) ?? [],
        limit: args.limit ?? null,
        ...(args.scoring ? { scoring: args.scoring } : {}),
        ...(args.prompt ? { prompt: args.prompt } : {}),
        out: args.out ?? defaultOut(args.model, names),
        tokenBudget: args.tokenBudget,
        backend: { name: args.backend, compute: args.compute },
      },
      {
        cwd: process.cwd(),
        progress,
        stop: signals,
        onScored({ done, total, accuracy }) {
          const now = performance.now();
          if (now - said < EVERY && done < total) return;
          said = now;
          const left = ((now - started) / 1000 / done) * (total - done);
          const shown = [...accuracy].map(([language, share]) => `${language} ${(100 * share).toFixed(1)}`);
          progress.message(
            `${count(done)} of ${count(total)} items  ${shown.join('  ')}  eta ${duration(left)}`,
          );
        },
      },
    );
    for (const { task, summary } of found) process.stdout.write(`${formatSummary(task, summary)}\n\n`);
    process.stdout.write(`results: ${results}\n`);
  } finally {
    signals.dispose();
  }
}

/** What says which questions are asked. */
export type QuestionArgs = Pick<EvalArgs, 'data' | 'set' | 'limit' | 'shots' | 'seed' | 'tokenBudget'>;

/** Tasks by name, with the paths and options that are given to each. @throws UserError with all that is wrong */
export function readTasks(names: readonly string[], args: QuestionArgs): TaskRequest[] {
  const problems: Problem[] = [];
  const check = (name: string, value: number | undefined, least: number) => {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= least))
      problems.push({ message: `--${name} must be a whole number of at least ${least}, found ${value}` });
  };
  check('limit', args.limit, 1);
  check('shots', args.shots, 0);
  check('seed', args.seed, 0);
  check('token-budget', args.tokenBudget, 1);
  const split = (texts: readonly string[], option: string): [task: string, rest: string][] =>
    texts.flatMap((text) => {
      const found = /^([^=.]+)[=.](.+)$/.exec(text);
      if (found && names.includes(found[1]!)) return [[found[1]!, found[2]!]];
      problems.push({ message: `--${option} ${text} must begin with one of the tasks: ${names.join(', ')}` });
      return [];
    });
  const paths = new Map(split(args.data, 'data'));
  const options = new Map<string, Record<string, string>>();
  for (const [task, text] of split(args.set, 'set')) {
    const [key, value] = text.split(/=(.*)/s) as [string, string | undefined];
    if (value === undefined) problems.push({ message: `--set ${task}.${text} must be TASK.OPTION=VALUE` });
    else options.set(task, { ...options.get(task), [key]: value });
  }
  if (problems.length > 0) throw new UserError(problems);
  return names.map((name) => {
    const path = paths.get(name);
    return { name, options: options.get(name) ?? {}, ...(path === undefined ? {} : { path }) };
  });
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
