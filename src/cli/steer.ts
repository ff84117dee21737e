/** What `isogloss steer extract`, `show` and `verify` do. */
import { dirname } from 'node:path';
import type { BackendOptions } from '../backend/index.ts';
import { type Problem, UserError } from '../errors.ts';
import { extractVector } from '../eval/extraction/extract.ts';
import { MOST_DIFFERENT, verifyVector } from '../eval/extraction/verify.ts';
import type { PromptName } from '../eval/scoring/prompts.ts';
import { absolutePath } from '../paths.ts';
import { watchSignals } from '../runs/index.ts';
import { requireWritable } from '../runs/run-files.ts';
import type { ReadPosition, SteeredTokens } from '../steering/vector.ts';
import { readVector, requireNewVector, vectorPaths, writeVector } from '../steering/vector-file.ts';
import { count, duration } from './format.ts';
import { createProgress } from './progress.ts';
import { formatVector } from './steer-text.ts';

/** The command line, as typed. */
export interface ExtractArgs {
  model: string;
  kind: 'en' | 'loc';
  task?: string;
  data?: string;
  set: readonly string[];
  languages?: string;
  shots: number;
  scoring?: 'letters' | 'text';
  prompt?: PromptName;
  chat: boolean;
  seed: number;
  position: ReadPosition;
  steerTokens: SteeredTokens;
  splitBy: 'question' | 'item';
  dev1: number;
  dev2: number;
  out: string;
  tokenBudget: number;
  tokenizer?: string;
  backend: NonNullable<BackendOptions['name']>;
  compute: NonNullable<BackendOptions['compute']>;
}

/** Tasks that need no file. */
const TRIED_OUT = { en: 'toy', loc: 'toy_culture' } as const;

/** Extracts a vector and writes it. @throws UserError; Interrupted after a signal, when nothing is written */
export async function extractToFile(args: ExtractArgs): Promise<void> {
  const options = taskOptionsOf(args);
  const out = absolutePath(process.cwd(), args.out);
  await requireNewVector(out, args.out);
  await requireWritable(dirname(out), args.out);
  const watched = watch();
  try {
    const vector = await extractVector(
      {
        ...{ kind: args.kind, model: args.model, shots: args.shots, chat: args.chat, seed: args.seed },
        ...(args.tokenizer === undefined ? {} : { tokenizer: args.tokenizer }),
        task: {
          name: args.task ?? TRIED_OUT[args.kind],
          options,
          ...(args.data === undefined ? {} : { path: args.data }),
        },
        languages: args.languages?.split(',').map((name) => name.trim()) ?? [],
        ...(args.scoring ? { scoring: args.scoring } : {}),
        ...(args.prompt ? { prompt: args.prompt } : {}),
        readAt: args.position,
        appliedAt: args.steerTokens,
        ...{ splitBy: args.splitBy, dev1: args.dev1, dev2: args.dev2 },
        tokenBudget: args.tokenBudget,
        backend: { name: args.backend, compute: args.compute },
      },
      watched.options,
    );
    await writeVector(out, vector, args.out);
    process.stdout.write(`${formatVector(vector)}\n\nvector: ${vectorPaths(args.out).tensors}\n`);
  } finally {
    watched.dispose();
  }
}

/** Prints what a file says of its vector. */
export async function showVector({ file }: { file: string }): Promise<void> {
  const vector = await readVector(absolutePath(process.cwd(), file), file);
  process.stdout.write(`${formatVector(vector)}\n`);
}

/** The command line, as typed. */
export interface VerifyArgs {
  file: string;
  model?: string;
  data?: string;
  tokenizer?: string;
  backend: NonNullable<BackendOptions['name']>;
}

/** Extracts again and prints the largest difference. @returns whether it is small enough */
export async function verifyFile(args: VerifyArgs): Promise<boolean> {
  const vector = await readVector(absolutePath(process.cwd(), args.file), args.file);
  const watched = watch();
  try {
    const { largest, at, relative } = await verifyVector(
      vector,
      {
        ...(args.model === undefined ? {} : { model: args.model }),
        ...(args.data === undefined ? {} : { path: args.data }),
        ...(args.tokenizer === undefined ? {} : { tokenizer: args.tokenizer }),
        backend: { name: args.backend },
      },
      watched.options,
    );
    const where = largest > 0 ? ` (${at.language}, layer ${at.layer})` : '';
    process.stdout.write(
      `largest difference: ${largest.toExponential(2)}${where}, ${relative.toExponential(2)} of the hidden states' mean length; allowed are ${MOST_DIFFERENT}\n`,
    );
    return relative <= MOST_DIFFERENT;
  } finally {
    watched.dispose();
  }
}

/** Milliseconds between lines of progress. */
const EVERY = 5000;

/** Progress on stderr, and signals. */
function watch() {
  const progress = createProgress({ memory: () => 0 });
  const signals = watchSignals((name) => progress.message(`${name}: stopping; nothing is written`));
  const started = performance.now();
  let said = started;
  return {
    dispose: () => signals.dispose(),
    options: {
      ...{ cwd: process.cwd(), progress, stop: signals },
      onRead({ done, total }: { done: number; total: number }) {
        const now = performance.now();
        if (now - said < EVERY && done < total) return;
        said = now;
        const left = ((now - started) / 1000 / done) * (total - done);
        progress.message(`${count(done)} of ${count(total)} prompts  eta ${duration(left)}`);
      },
    },
  };
}

/** `--set OPTION=VALUE`, and whole numbers, all that is wrong at once. */
function taskOptionsOf(args: ExtractArgs): Record<string, string> {
  const problems: Problem[] = [];
  const least = { shots: 0, seed: 0, dev1: 1, dev2: 0, tokenBudget: 1 } as const;
  for (const [name, most] of Object.entries(least)) {
    const value = args[name as keyof typeof least];
    if (!(Number.isSafeInteger(value) && value >= most))
      problems.push({
        message: `--${name === 'tokenBudget' ? 'token-budget' : name} must be a whole number of at least ${most}, found ${value}`,
      });
  }
  const options: Record<string, string> = {};
  for (const text of args.set) {
    const [key, value] = text.split(/=(.*)/s) as [string, string | undefined];
    if (value === undefined || key === '') problems.push({ message: `--set ${text} must be OPTION=VALUE` });
    else options[key] = value;
  }
  if (problems.length > 0) throw new UserError(problems);
  return options;
}
