/** What `isogloss geometry` does: options checked, progress shown, tables printed. */
import type { BackendOptions } from '../backend/index.ts';
import { UserError } from '../errors.ts';
import {
  compareGeometry,
  defaultGeometryOut,
  formatDifference,
  formatGeometry,
  measureGeometry,
  type ReadPosition,
  readGeometry,
} from '../eval/geometry/index.ts';
import type { PromptName } from '../eval/scoring/prompts.ts';
import { absolutePath } from '../paths.ts';
import { watchSignals } from '../runs/index.ts';
import { createProgress, fromHere } from './progress.ts';
import { type QuestionArgs, readTasks } from './questions.ts';

/** The command line, as typed. */
export interface GeometryArgs extends QuestionArgs {
  model: string;
  tokenizer?: string;
  task: string;
  languages?: string;
  scoring?: 'letters' | 'text';
  prompt?: PromptName;
  chat: boolean;
  out?: string;
  backend: NonNullable<BackendOptions['name']>;
  compute: NonNullable<BackendOptions['compute']>;
  culturalTask?: string;
  limit: number;
  position: ReadPosition;
  against?: string;
}

/**
 * Measures a model's geometry, writes it and prints it as tables; beside another one where that is named.
 * @throws UserError; Interrupted after a signal, when nothing is written
 */
export async function measureModel(args: GeometryArgs): Promise<void> {
  const { task, culturalTask, seed, against } = args;
  if (task === culturalTask)
    throw new UserError(`--task and --cultural-task are both ${task}: the same would be read twice`);
  const names = culturalTask === undefined ? [task] : [task, culturalTask];
  const [universal, cultural] = readTasks(names, args);
  const other =
    against === undefined ? undefined : readGeometry(absolutePath(process.cwd(), against), against);
  const progress = createProgress({ memory: () => 0 });
  const signals = watchSignals((name) => progress.message(`${name}: stopping; nothing is written`));
  try {
    const { path, geometry } = await measureGeometry(
      {
        ...{ model: args.model, universal: universal!, chat: args.chat, position: args.position, seed },
        ...(cultural ? { cultural } : {}),
        ...(args.tokenizer === undefined ? {} : { tokenizer: args.tokenizer }),
        languages: args.languages?.split(',').map((name) => name.trim()) ?? [],
        limit: args.limit,
        ...(args.scoring ? { scoring: args.scoring } : {}),
        ...(args.prompt ? { prompt: args.prompt } : {}),
        out: args.out ?? defaultGeometryOut(args.model, names),
        tokenBudget: args.tokenBudget,
        backend: { name: args.backend, compute: args.compute },
        ...(other ? { against: other } : {}),
      },
      {
        cwd: process.cwd(),
        progress,
        stop: signals,
        onProgress: ({ kind, stage, done, total }) =>
          progress.counted({ name: `${kind}: ${stage}`, done, total }),
      },
    );
    process.stdout.write(`${formatGeometry(geometry)}\n\n`);
    if (other !== undefined) {
      const differences = compareGeometry(other, geometry, { seed });
      process.stdout.write(`${formatDifference(differences, { a: against!, b: args.model })}\n\n`);
    }
    process.stdout.write(`geometry: ${fromHere(path)}\n`);
  } finally {
    signals.dispose();
  }
}
