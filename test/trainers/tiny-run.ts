/** Runs of the built-in tiny model for tests: recipes by overrides, a sink that remembers, checkpoints as bytes. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CloRecipe,
  type MidalignRecipe,
  type MistRecipe,
  parseRecipeText,
} from '../../src/recipe/index.ts';
import { type ProgressSink, silent } from '../../src/trainers/progress.ts';

const RECIPE = `
name: test
method: mist
model: {path: tiny}
data: {train: {path: 'builtin:toy', max_samples: 40}}
train: {batch_size: 4, micro_batch_size: 2, max_steps: 6, optimizer: {lr: 2e-3}}
checkpoint: {every: 2}
`;

/** A run of six steps over forty rows, changed by `overrides`. */
export function recipe(...overrides: string[]): MistRecipe {
  return parseRecipeText(RECIPE, 'test.yaml', overrides) as MistRecipe;
}

/** Overrides that make it one of MIDALIGN: its steps are likelihood and alignment in turn. */
export const MIDALIGN = [
  'method=midalign',
  'align.train={path: builtin:toy, split: dev, max_samples: 24}',
  'align.eval={path: builtin:toy, split: devtest, max_samples: 6}',
  'align.languages=[es, ko]',
  'align.batch_size=6',
  'align.micro_batch_size=6',
  'align.pooling={normalize: standardize, sentences: 48}',
];

/** The same of MIDALIGN. */
export function midalignRecipe(...overrides: string[]): MidalignRecipe {
  return parseRecipeText(RECIPE, 'test.yaml', [...MIDALIGN, ...overrides]) as MidalignRecipe;
}

/** Overrides that make it one of CLO, on pairs of English with Spanish and with Korean. */
export const CLO = ['method=clo', 'data.languages=[es, ko]', 'data.train.max_samples=20', 'clo.beta=0.5'];

/** The same of CLO. */
export function cloRecipe(...overrides: string[]): CloRecipe {
  return parseRecipeText(RECIPE, 'test.yaml', [...CLO, ...overrides]) as CloRecipe;
}

/** What a sink heard, in order. */
export type Heard = { [E in keyof ProgressSink]: [E, ...Parameters<ProgressSink[E]>] }[keyof ProgressSink];

/** A sink that keeps everything; `on` may act on it at once. */
export function recorder(on: (heard: Heard) => void = () => {}): ProgressSink & { heard: Heard[] } {
  const heard: Heard[] = [];
  const sink = Object.fromEntries(
    (Object.keys(silent) as (keyof ProgressSink)[]).map((event) => [
      event,
      (...args: unknown[]) => {
        const entry = [event, ...args] as unknown as Heard;
        heard.push(entry);
        on(entry);
      },
    ]),
  ) as unknown as ProgressSink;
  return { ...sink, heard };
}

/** SHA-256 of weights and optimizer state of a checkpoint. */
export async function digest(runDir: string, step: number): Promise<string> {
  const dir = join(runDir, 'checkpoints', `step-${String(step).padStart(6, '0')}`);
  const hash = createHash('sha256');
  for (const file of ['model.safetensors', 'trainer/optimizer.safetensors'])
    hash.update(await readFile(join(dir, file)));
  return hash.digest('hex');
}

/** The lines of metrics.jsonl without what a clock measured. */
export async function metricsOf(runDir: string): Promise<Record<string, number>[]> {
  const text = await readFile(join(runDir, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { tokens_per_second, step_seconds, eval_seconds, ...rest } = JSON.parse(line) as Record<
        string,
        number
      >;
      return rest;
    });
}
