/** CLO's step on Gemma 3 270M, beside TRL's DPOTrainer with precomputed references: pairs/s, memory, loss and margins. */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadGemma3, parameterShapes, presetConfig } from '../src/model/index.ts';
import { type CloRecipe, parseRecipe } from '../src/recipe/index.ts';
import { referenceOf } from '../src/trainers/clo/reference.ts';
import { planClo } from '../src/trainers/clo/step.ts';
import { silent } from '../src/trainers/progress.ts';
import { type Benchmark, type Context, compare, type Result } from './harness.ts';
import { type PlainPair, plainPair, readPairs, toExample } from './steps/instructions.ts';
import { model270m, RANDOM } from './steps/model.ts';
import { type OurSteps, serveSteps } from './steps/serve.ts';
import {
  agreement,
  type OurStep,
  ourSide,
  peerSide,
  type Side,
  speed,
  takeTurns,
  timeLines,
} from './steps/turns.ts';

/** Pairs of a step; the paper's 16 take minutes, and a pair costs the same. */
const PAIRS = 4;
/** TRL's; small, it has no part in the speed. */
const LEARNING_RATE = 1e-6;

/** Weights, gradients and both moments, which either side has to hold. */
const ADAMW_BYTES = 16;
const PARAMETERS = [...parameterShapes(presetConfig('270m')).values()]
  .map((shape) => shape.reduce((product, size) => product * size, 1))
  .reduce((sum, size) => sum + size, 0);

/** Keeps all activations on both sides; by default both compute them again, as our recipe and TRL's default have it. */
const KEPT = '--kept';

/** What both sides are told. */
interface Setup extends Record<string, unknown> {
  model: string;
  /** `pairs` for each step, one after the other. */
  rows: PlainPair[];
  pairs: number;
  /** Pairs of a forward and backward pass. */
  microBatch: number;
  beta: number;
  checkpointing: boolean;
  learningRate: number;
  threads: number;
}

const recipe = (checkpointing: boolean) =>
  parseRecipe('gemma3-270m/clo', [`train.activation_checkpointing=${checkpointing}`]) as CloRecipe;

/** `npm run bench clo [STEPS] [PAIRS] [--random] [--kept]`: STEPS of PAIRS are counted after one that warms up. */
const benchmark: Benchmark & { serve(): Promise<void> } = {
  async run({ root, args, python }: Context): ReturnType<Benchmark['run']> {
    const numbers = args.filter((arg) => !arg.startsWith('-')).map(Number);
    const [count, pairs] = [1 + Math.max(1, numbers[0] ?? 2), numbers[1] ?? PAIRS];
    const model = await model270m(args.includes(RANDOM));
    if (model === undefined) return { results: [], versions: {} };
    try {
      const threads = availableParallelism();
      const checkpointing = !args.includes(KEPT);
      const { clo, train, data } = recipe(checkpointing);
      const { examples: distinct, source } = await readPairs(root, (count - 1) * pairs, data);
      // The first step's pairs again in the second: the update has just moved their margins.
      const examples = [...distinct.slice(0, pairs), ...distinct];
      const setup = {
        ...{ model: model.directory, rows: examples.map(plainPair), pairs, checkpointing },
        ...{ microBatch: train.microBatchSize, beta: clo.beta, learningRate: LEARNING_RATE },
      };
      const ours = ourSide(fileURLToPath(import.meta.url), threads, setup);
      const command = [python(), join(root, 'bench/peers/clo.py')] as const;
      const trl = peerSide('TRL DPOTrainer', command, threads, setup);
      const outcomes = await takeTurns([ours, trl], count);
      const [mine, theirs] = outcomes as [(typeof outcomes)[0], (typeof outcomes)[0]];
      return {
        results: lines(ours, trl, pairs, [mine.peak, theirs.peak], mine.ready.ceiling!),
        versions: {
          ...mine.ready.versions,
          ...theirs.ready.versions,
          ...{ model: model.name, pairs: source, activations: checkpointing ? 'computed again' : 'kept' },
        },
      };
    } finally {
      model.dispose();
    }
  },

  serve: () => serveSteps(begin),
};
export default benchmark;

/** Ours: the recipe's steps, against a reference on disk; embeddings scaled as transformers does in fp32. */
async function begin({ model: directory, rows, pairs, checkpointing }: Setup): Promise<OurSteps> {
  const { model } = await loadGemma3(directory, {
    ...{ embedScale: 'exact', activationCheckpointing: checkpointing },
  });
  const examples = rows.map(toExample);
  const settings = recipe(checkpointing);
  const runDir = mkdtempSync(join(tmpdir(), 'isogloss-bench-clo-'));
  try {
    const start = {
      ...{ model, runDir, step: 0, modelSha256: '', progress: silent, stop: { signal: undefined } },
      firstModel: async () => model,
    };
    const size = settings.train.microBatchSize;
    const groups = Array.from({ length: Math.ceil(rows.length / size) }, (_, group) => ({
      side: 'train' as const,
      rows: [...examples.keys()].slice(group * size, (group + 1) * size),
    }));
    const key = { modelSha256: '', dataSha256: '', evalDataSha256: null };
    const reference = await referenceOf(start, { train: examples, eval: [] }, groups, key);
    // The step that warms up has DPO's part alone, TRL's loss: so the margins of the second compare.
    const preferences: CloRecipe = { ...settings, clo: { ...settings.clo, lambda: 0 } };
    const context = { start, reference, isSaid: true };
    const indices = (step: number) => Array.from({ length: pairs }, (_, i) => step * pairs + i);
    return {
      model,
      plan: (step) =>
        planClo({ ...context, recipe: step === 0 ? preferences : settings }, examples, indices(step), step),
    };
  } finally {
    rmSync(runDir, { recursive: true });
  }
}

function lines(
  ours: Side<OurStep>,
  trl: Side,
  pairs: number,
  [ourPeak, theirPeak]: [number, number],
  most: number,
): Result[] {
  const figure = (side: Side, step: number, name: string) => side.steps[step]!.figures[name]!;
  // TRL takes the mean over preferences, of which a pair has two.
  const losses = [figure(ours, 0, 'preference_loss'), 2 * trl.steps[0]!.loss] as const;
  const margins = [figure(ours, 1, 'rewards/margins'), figure(trl, 1, 'rewards/margins')] as const;
  const beyond = (peak: number) => (peak - PARAMETERS * ADAMW_BYTES) / 1e9;
  return [
    compare('CLO, pairs/s', 'pairs/s', pairs * speed(ours.steps), pairs * speed(trl.steps), trl.name, '>= 3'),
    compare('peak resident memory', 'GB', ourPeak / 1e9, theirPeak / 1e9, trl.name, '<= 0.5'),
    compare('the same beyond AdamW in fp32', 'GB', beyond(ourPeak), beyond(theirPeak), trl.name),
    compare('preference loss of step 1', 'nats', ...losses, trl.name),
    compare('preference loss of step 1', 'nats', losses[0], 2 * Math.LN2, '2 ln 2'),
    compare('margin of the same pairs after one update', 'nats', ...margins, trl.name),
    agreement('margin after one update', 'nats', ...margins, trl.name, '<= 0.01'),
    ...timeLines(ours.steps, most, trl),
  ];
}
