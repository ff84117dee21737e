/** Extraction of a steering vector, from its task to its facts: what `isogloss steer extract` does. */
import { createHash } from 'node:crypto';
import manifest from '../../../package.json' with { type: 'json' };
import { type BackendInfo, type BackendOptions, startBackend } from '../../backend/index.ts';
import type { Gemma3 } from '../../model/index.ts';
import { templateSource } from '../../model/tokenizer/index.ts';
import {
  breathe,
  type FindProgress,
  findModel,
  Interrupted,
  type ModelSource,
  type StopRequest,
} from '../../runs/index.ts';
import { meanDifference, type StateSums, sumStates } from '../../steering/extract.ts';
import { makeVector, rowNorms } from '../../steering/identity.ts';
import type { SteeredTokens, SteeringVector, VectorFacts } from '../../steering/vector.ts';
import { tokenizerIdentity } from '../results/index.ts';
import { type Pairs, type PairsRequest, readPairs } from './pairs.ts';

/** What is extracted, and how. */
export interface ExtractionRequest extends PairsRequest {
  model: string;
  tokenizer?: string;
  /** Written into the facts: where it is to be added. */
  appliedAt: SteeredTokens;
  tokenBudget: number;
  backend: BackendOptions;
}

/** How it is watched and stopped. */
export interface ExtractionOptions {
  cwd: string;
  progress: FindProgress;
  stop: StopRequest;
  /** Hears after each pack. */
  onRead?(at: { done: number; total: number }): void;
}

/** The model that is read, loaded and unsteered. */
export interface LoadedSource {
  model: Gemma3;
  source: ModelSource;
  /** `weightsIdentity` */
  weights: string;
  backend: BackendInfo;
}

/**
 * Finds the model, reads the pairs and extracts.
 *
 * @throws UserError for all that can be known to be wrong before weights are read; Interrupted after a signal, when nothing is kept
 */
export async function extractVector(
  request: ExtractionRequest,
  options: ExtractionOptions,
): Promise<SteeringVector> {
  const { cwd, progress } = options;
  const source = await findModel({ path: request.model, tokenizer: request.tokenizer }, { cwd, progress });
  const pairs = await readPairs(request, source, cwd);
  for (const note of pairs.notes) progress.message(`${pairs.task.name}: ${note}`);
  const weights = await source.identity({ message: (text) => progress.message(text) });
  const backend = await startBackend(request.backend, (text) => progress.message(text, 'warning'));
  const { model } = await source.load({});
  try {
    return await extractFrom({ model, source, weights, backend }, pairs, request, options);
  } finally {
    model.dispose();
  }
}

/** The same of a model that is loaded, and pairs that were read for it with this request. */
export async function extractFrom(
  loaded: LoadedSource,
  pairs: Pairs,
  request: ExtractionRequest,
  { stop, onRead }: Pick<ExtractionOptions, 'stop' | 'onRead'>,
): Promise<SteeringVector> {
  const { model } = loaded;
  const total = [...pairs.sides.values()].reduce((sum, side) => sum + side.length, 0);
  const sums = new Map<string, StateSums>();
  let before = 0;
  for (const [name, side] of pairs.sides) {
    const between = async (done: number) => {
      onRead?.({ done: before + done, total });
      await breathe();
      if (stop.signal !== undefined) throw new Interrupted(stop.signal, 0, '');
    };
    sums.set(name, await sumStates(model, side, { tokenBudget: request.tokenBudget, between }));
    before += side.length;
  }
  const vectors_LD = new Map<string, Float32Array>();
  const norms: VectorFacts['norms'] = {};
  for (const { language, sides } of pairs.languages) {
    const { vector_LD, hidden_L } = meanDifference(sums.get(sides[0])!, sums.get(sides[1])!);
    vectors_LD.set(language, vector_LD);
    norms[language] = { vector: rowNorms(vector_LD, model.config.hiddenSize), hidden: hidden_L };
  }
  return makeVector(await factsOf(loaded, pairs, request, norms), vectors_LD);
}

async function factsOf(
  { source, weights, backend }: LoadedSource,
  pairs: Pairs,
  request: ExtractionRequest,
  norms: VectorFacts['norms'],
): Promise<VectorFacts> {
  const { tokenizer, config } = source;
  const template = request.chat ? createHash('sha256').update(templateSource(tokenizer)).digest('hex') : null;
  return {
    format: 'isogloss_steering_1',
    kind: request.kind,
    layer_convention: 'block_output_0_based',
    read_at: request.readAt,
    applied_at: request.appliedAt,
    model: {
      ...{ name: request.model, weights },
      num_hidden_layers: config.numHiddenLayers,
      hidden_size: config.hiddenSize,
    },
    tokenizer: await tokenizerIdentity(tokenizer),
    chat_template: template,
    task: pairs.task.name,
    prompt: pairs.prompt,
    split: 'dev1',
    seed: request.seed,
    pairs: Object.fromEntries(
      pairs.languages.map(({ language, ids, sha256 }) => [language, { ids, sha256 }]),
    ),
    norms,
    versions: {
      isogloss: manifest.version,
      node: process.versions.node,
      backend: backend.name,
      ...(backend.torch === undefined ? {} : { torch: backend.torch }),
    },
    extraction: {
      path: request.task.path ?? null,
      tokenizer: request.tokenizer ?? null,
      languages: [...request.languages],
      options: { ...request.task.options },
      sources: pairs.sources,
      split_by: request.splitBy,
      dev1: request.dev1,
      dev2: request.dev2,
      compute: backend.compute,
      storage: backend.storage,
    },
  };
}
