/** MIDALIGN's alignment step on Gemma 3 270M, beside plain transformers that runs all layers: steps/s, memory, loss. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPairOrder, encodeSentences, readParallel } from '../src/data/parallel/index.ts';
import { loadGemma3 } from '../src/model/index.ts';
import { loadTokenizer } from '../src/model/tokenizer/index.ts';
import { type AlignOptions, planAlign } from '../src/trainers/align/step.ts';
import { type Benchmark, type Context, compare, type Result } from './harness.ts';
import { model270m, RANDOM, TOKENIZER } from './steps/model.ts';
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

/** Pairs of a step: the paper's. */
const BATCH = 16;
/** Blocks that are run, of 18: half, as in the paper. */
const LAYER = 9;
/** The official code's. */
const TEMPERATURE = 0.1;
/** The rate of the only public code that aligns all parameters; it has no part in the speed. */
const LEARNING_RATE = 2e-6;
const LANGUAGES = ['en', 'es', 'id', 'ko', 'el', 'zh', 'ar'];
const SENTENCES = '../shared/data/ntrex';

/** A sentence and its translation as ids, <bos> first. */
interface Pair {
  xx: number[];
  en: number[];
}

/** What both sides are told. */
interface Setup extends Record<string, unknown> {
  model: string;
  /** The pairs of each step. */
  batches: Pair[][];
  layer: number;
  temperature: number;
  learningRate: number;
  threads: number;
}

/** Adds transformers as it comes, which makes logits of all tokens: 6 GB of memory more, and slow. */
const LOGITS = '--logits';

/** `npm run bench midalign [STEPS] [--random] [--logits]`: STEPS are counted after one that warms up. */
const benchmark: Benchmark & { serve(): Promise<void> } = {
  async run({ root, args, python }: Context): ReturnType<Benchmark['run']> {
    const count = 1 + Number(args.find((arg) => !arg.startsWith('-')) ?? 3);
    const model = await model270m(args.includes(RANDOM));
    if (model === undefined) return { results: [], versions: {} };
    try {
      const threads = availableParallelism();
      const { batches, source } = await readBatches(root, count);
      const setup = {
        ...{ model: model.directory, batches, layer: LAYER },
        ...{ temperature: TEMPERATURE, learningRate: LEARNING_RATE },
      };
      const ours = ourSide(fileURLToPath(import.meta.url), threads, setup);
      const command = [python(), join(root, 'bench/peers/midalign.py')] as const;
      const theirs = [peerSide('transformers, all layers', command, threads, { ...setup, logits: false })];
      if (args.includes(LOGITS))
        theirs.push(
          peerSide('transformers, all layers and logits', command, threads, { ...setup, logits: true }),
        );
      const outcomes = await takeTurns([ours, ...theirs], count);
      const peaks = outcomes.map(({ peak }) => peak);
      return {
        results: lines(ours, theirs, peaks, outcomes[0]!.ready.ceiling!),
        versions: {
          ...outcomes[0]!.ready.versions,
          ...outcomes[1]!.ready.versions,
          model: model.name,
          sentences: source,
        },
      };
    } finally {
      model.dispose();
    }
  },

  serve: () => serveSteps(begin),
};
export default benchmark;

/** NTREX where it is there, else the text that is made here; the order of a run. */
async function readBatches(root: string, count: number): Promise<{ batches: Pair[][]; source: string }> {
  const real = resolve(root, SENTENCES);
  const source = existsSync(real) ? real : 'builtin:toy';
  const set = await readParallel(source, { cwd: root, languages: LANGUAGES });
  const tokens = encodeSentences(set, await loadTokenizer(join(root, TOKENIZER)), 640);
  const order = createPairOrder(0, set.ids, set.languages, BATCH, 'xx_to_en');
  const batches = Array.from({ length: count }, (_, step) =>
    order.at(step).pairs.map(({ index, source, target }) => ({
      xx: [...tokens.ids(source, index)],
      en: [...tokens.ids(target, index)],
    })),
  );
  return { batches, source: existsSync(real) ? 'NTREX' : source };
}

/** Ours: the batch in one pass, packed; the embeddings scaled as transformers does in fp32. */
async function begin({ model: directory, batches, layer, temperature }: Setup): Promise<OurSteps> {
  const { model } = await loadGemma3(directory, { embedScale: 'exact' });
  const options: AlignOptions = {
    ...{ layer, bos: true, weights: 'mean', normalize: 'none', statistics: undefined },
    ...{ temperature, direction: 'xx_to_en', detachEnglish: false, microBatchSize: BATCH },
  };
  const ids = (batch: Pair[]) =>
    batch.map(({ xx, en }) => ({ xx: Int32Array.from(xx), en: Int32Array.from(en) }));
  return { model, plan: (step) => planAlign(model, ids(batches[step]!), options) };
}

function lines(
  ours: Side<OurStep>,
  theirs: readonly Side[],
  peaks: readonly number[],
  most: number,
): Result[] {
  const layers = theirs[0]!;
  const loss = ({ steps }: Side) => steps[0]!.loss;
  return [
    ...theirs.map((peer, i) =>
      compare(
        'alignment steps/s',
        'steps/s',
        speed(ours.steps),
        speed(peer.steps),
        peer.name,
        i === 0 ? '>= 2.5' : '',
      ),
    ),
    ...theirs.map(({ name }, i) =>
      compare('peak resident memory', 'GB', peaks[0]! / 1e9, peaks[i + 1]! / 1e9, name),
    ),
    compare('loss of step 1', 'nats', loss(ours), loss(layers), layers.name),
    agreement('loss of step 1', 'nats', loss(ours), loss(layers), layers.name, '<= 0.0001'),
    ...timeLines(ours.steps, most, layers),
  ];
}
