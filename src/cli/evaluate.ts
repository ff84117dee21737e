/** What `isogloss eval` does: options checked, progress shown, tables printed. */
import type { BackendOptions } from '../backend/index.ts';
import { type Problem, UserError } from '../errors.ts';
import { defaultOut, evaluate, type TaskRequest } from '../eval/evaluate.ts';
import type { Metric } from '../eval/metric.ts';
import type { PromptName } from '../eval/scoring/prompts.ts';
import { formatSummary } from '../eval/text.ts';
import { watchSignals } from '../runs/index.ts';
import { count, duration } from './format.ts';
import { createProgress, fromHere } from './progress.ts';
import type { SteerArgs } from './steer-flags.ts';
import { describeSteps, readSteps, stepsName } from './steer-steps.ts';

/** The command line, as typed. */
export interface EvalArgs extends SteerArgs {
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

/** Languages in a line of progress at most, so that it fits a terminal. */
const SHOWN = 6;
/** Milliseconds between lines of progress. */
const EVERY = 5000;

/** Evaluates, and prints the table of each task. @throws UserError; Interrupted after a signal, when what is done is kept */
export async function evaluateModel(args: EvalArgs): Promise<void> {
  const tasks = readTasks(args);
  const names = tasks.map(({ name }) => name);
  const steering = await readSteps(args);
  const name = [...names, stepsName(steering)].filter((part) => part !== '');
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
        languages: args.languages === undefined ? [] : listed(args.languages),
        limit: args.limit ?? null,
        ...(args.scoring ? { scoring: args.scoring } : {}),
        ...(args.prompt ? { prompt: args.prompt } : {}),
        out: args.out ?? defaultOut(args.model, name),
        tokenBudget: args.tokenBudget,
        backend: { name: args.backend, compute: args.compute },
        ...{ steering, steerAnyWeights: args.steerAnyWeights },
      },
      {
        cwd: process.cwd(),
        progress,
        stop: signals,
        onScored({ before, done, total, accuracy }) {
          const now = performance.now();
          if (now - said < EVERY && done < total) return;
          said = now;
          const left = ((now - started) / 1000 / (done - before)) * (total - done);
          const all = [...accuracy].map(([language, share]) => `${language} ${(100 * share).toFixed(1)}`);
          // Languages come one after the other: those that still change are the last.
          const shown = all.length > SHOWN ? ['..', ...all.slice(-SHOWN)] : all;
          progress.message(
            `${count(done)} of ${count(total)} items  ${shown.join('  ')}  eta ${duration(left)}`,
          );
        },
      },
    );
    const steered = describeSteps(steering);
    if (steered !== undefined) process.stdout.write(`${steered}\n\n`);
    for (const { task, summary } of found) process.stdout.write(`${formatSummary(task, summary)}\n\n`);
    process.stdout.write(`results: ${fromHere(results)}\n`);
  } finally {
    signals.dispose();
  }
}

/** Names with commas between them. */
function listed(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}

function readTasks(args: EvalArgs): TaskRequest[] {
  const problems: Problem[] = [];
  const check = (name: string, value: number | undefined, least: number) => {
    if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
    const found = Number.isNaN(value) ? 'something else' : value;
    problems.push({ message: `--${name} must be a whole number of at least ${least}, found ${found}` });
  };
  const names = listed(args.tasks);
  for (const [option, list] of [
    ['tasks', names],
    ['languages', listed(args.languages ?? 'none')],
  ] as const)
    if (list.includes(''))
      problems.push({ message: `--${option} must be names with commas between them, found an empty one` });
  const twice = names.find((name, i) => name !== '' && names.indexOf(name) !== i);
  if (twice !== undefined) problems.push({ message: `--tasks names ${twice} twice` });
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
