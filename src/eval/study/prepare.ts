/** All of a study that can be known, and found to be wrong, before a weight is read or a file written. */
import { createHash } from 'node:crypto';
import type { BackendInfo } from '../../backend/index.ts';
import { type Problem, UserError } from '../../errors.ts';
import { templateSource } from '../../model/tokenizer/index.ts';
import { absolutePath } from '../../paths.ts';
import { type FindProgress, findModel, type ModelSource } from '../../runs/index.ts';
import { type Pairs, readPairs } from '../extraction/pairs.ts';
import { tokenizerIdentity } from '../results/index.ts';
import { extractionOf } from './extraction-of.ts';
import { type Hear, readQuestions, type StudyQuestions } from './questions.ts';
import type { StudyKey } from './record.ts';
import { type StudyRequest, type StudyVector, vectorsOf } from './request.ts';

/** A model that was found. */
export interface Found {
  /** As it was named. */
  name: string;
  source: ModelSource;
  /** `weightsIdentity` */
  weights: string;
}

/** A study that can begin. */
export interface Prepared {
  dir: string;
  /** That is steered, and that vectors are taken from: often the same. */
  model: Found;
  from: Found;
  questions: StudyQuestions;
  pairs: ReadonlyMap<StudyVector, Pairs>;
}

/** @throws UserError with what is wrong */
export async function prepareStudy(
  request: StudyRequest,
  { cwd, progress }: { cwd: string; progress: FindProgress },
): Promise<Prepared> {
  const hear: Hear = (text, level) => progress.message(text, level);
  const find = (path: string) => findModel({ path, tokenizer: request.tokenizer }, { cwd, progress });
  const source = await find(request.model);
  const other = request.vectorsFrom === undefined ? undefined : await find(request.vectorsFrom);
  requireLayers(request, source, other);
  const questions = await readQuestions(request, source, cwd, hear);
  const pairs = new Map<StudyVector, Pairs>();
  for (const kind of vectorsOf(request.kind)) {
    const asked = extractionOf(request, kind, questions.languages, request.vectorsFrom ?? request.model);
    pairs.set(kind, await readPairs(asked, other ?? source, cwd));
  }
  const identity = (one: ModelSource) => one.identity({ message: (text) => progress.message(text) });
  const model = { name: request.model, source, weights: await identity(source) };
  const from =
    other === undefined
      ? model
      : { name: request.vectorsFrom!, source: other, weights: await identity(other) };
  return { dir: absolutePath(cwd, request.out), model, from, questions, pairs };
}

/** @throws UserError for layers that the model does not have, and a model of vectors that has another shape */
function requireLayers(
  { model, vectorsFrom, fixed, layers }: StudyRequest,
  { config }: ModelSource,
  other: ModelSource | undefined,
): void {
  const problems: Problem[] = [];
  const { numHiddenLayers: L, hiddenSize: D } = config;
  const check = (field: string, layer: number) => {
    if (layer >= L)
      problems.push({
        message: `steering.${field}: there is no layer ${layer}: ${model} has ${L}, 0 to ${L - 1}`,
      });
  };
  for (const kind of ['en', 'loc'] as const) if (fixed[kind]) check(`${kind}.layer`, fixed[kind].layer);
  for (const layer of layers ?? []) check('layers', layer);
  if (other && (other.config.numHiddenLayers !== L || other.config.hiddenSize !== D)) {
    const shape = (own: ModelSource['config']) => `${own.numHiddenLayers} blocks of width ${own.hiddenSize}`;
    problems.push({
      message: `steering.vectors_from: ${vectorsFrom} has ${shape(other.config)}, and ${model} ${shape(config)}`,
    });
  }
  if (problems.length > 0) throw new UserError(problems);
}

/** What decides all that a study finds. */
export async function studyKey(
  request: StudyRequest,
  { model, from, questions }: Prepared,
  backend: BackendInfo,
): Promise<StudyKey> {
  const { kind, asking, parts, fixed, layers, gammas, readAt, appliedAt, controls, embedScale } = request;
  const { tokenizer } = model.source;
  const vectors = vectorsOf(kind);
  const template = createHash('sha256').update(templateSource(tokenizer)).digest('hex');
  const isChosen = vectors.some((vector) => fixed[vector] === undefined);
  return {
    kind,
    model: {
      weights: model.weights,
      tokenizer: await tokenizerIdentity(tokenizer),
      chat_template: asking.chat ? template : null,
      embed_scale: embedScale,
      compute: backend.compute,
      storage: backend.storage,
    },
    universal: { task: questions.test.universal.task.name, ...questions.test.universal.key },
    cultural: { task: questions.test.cultural.task.name, ...questions.test.cultural.key },
    parts: { ...parts },
    metric: asking.metric,
    ...(from === model ? {} : { vectors_from: from.weights }),
    read_at: readAt,
    applied_at: appliedAt,
    ...Object.fromEntries(vectors.map((vector) => [vector, fixed[vector] ?? null])),
    ...(isChosen ? { layers, gammas, choose_by: request.chooseBy } : {}),
    controls: {
      random: controls.random,
      wrong_country: controls.wrongCountry,
      doses: controls.doses,
      context: controls.context,
    },
  };
}
