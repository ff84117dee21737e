/** A study of steering, from its request to its report: what `isogloss eval --steering` does. */
import { join } from 'node:path';
import { type BackendInfo, startBackend } from '../../backend/index.ts';
import { takeLock } from '../../runs/index.ts';
import { asUserError, makeFolders, replaceFile, requireWritable } from '../../runs/run-files.ts';
import { requireUnchanged } from '../../steering/edits.ts';
import { requireFit } from '../../steering/fit.ts';
import type { SteeringStep } from '../../steering/vector.ts';
import type { AskedTask } from '../ask.ts';
import { evaluateTogether } from '../together.ts';
import { type Choice, chooseSteps } from './choose.ts';
import { namedFolder, type StudyFigures, studyFigures } from './figures.ts';
import { type LazyModel, lazyModel } from './lazy-model.ts';
import { type Prepared, prepareStudy, studyKey } from './prepare.ts';
import { requireSameStudy, writeStudyRecord } from './record.ts';
import { STUDY_FILE, studyFacts, studyText } from './report.ts';
import type { StudyOptions, StudyRequest, StudyVector } from './request.ts';
import { studyVectors } from './vectors.ts';
import { type StudyWay, studyWays } from './ways.ts';

/** What came of a study. */
export interface StudyResult {
  /** Path of `steering.json`. */
  path: string;
  dir: string;
  ways: StudyWay[];
  /** That are steered. */
  languages: readonly string[];
  choices: ReadonlyMap<StudyVector, Choice>;
  figures: StudyFigures;
}

/**
 * Makes the vectors of Dev1 that are missing, places them by Dev2, asks Test without and with them and under the controls, and
 * writes the report. Each stage goes on from what lies in the folder.
 *
 * @throws UserError for all that can be known to be wrong before weights are read; Interrupted after a signal
 */
export async function runStudy(request: StudyRequest, options: StudyOptions): Promise<StudyResult> {
  const prepared = await prepareStudy(request, options);
  const warn = (text: string) => options.progress.message(text, 'warning');
  const backend = await startBackend(request.backend, warn);
  const key = await studyKey(request, prepared, backend);
  const { dir, model, from } = prepared;
  await requireSameStudy(dir, request.out, key);
  await requireWritable(dir, request.out);
  await makeFolders(dir).catch((error) => {
    throw asUserError(error, request.out, 'the folder cannot be made');
  });
  const lock = await takeLock(join(dir, '.lock'), request.out);
  const own = lazyModel(model.source, request.embedScale);
  try {
    await writeStudyRecord(dir, key);
    const other = from === model ? own : lazyModel(from.source, request.embedScale);
    const vectors = await studyVectors(request, prepared, backend, other, options);
    if (other !== own) other.dispose();
    const choices = await chooseSteps(request, prepared, vectors, own, options);
    const chosen = Object.fromEntries(
      [...choices].map(([kind, { place }]): [StudyVector, SteeringStep] => [
        kind,
        { vector: vectors.get(kind)!.vector, ...place, tokens: request.appliedAt },
      ]),
    );
    const steps = Object.values(chosen);
    requireFit(steps, { name: model.name, config: model.source.config });
    const ways = studyWays(request.kind, chosen, request.controls, request.asking.seed);
    await askTest(request, prepared, ways, backend, own, options);
    requireUnchanged(ways.flatMap((way) => way.steps));
    options.onStage('figures: intervals by resampling questions');
    const named = new Set(isNamed(prepared, ways).map(({ label }) => label));
    const figures = await studyFigures(dir, ways, named, request);
    const path = join(dir, STUDY_FILE);
    const facts = studyFacts(request, prepared, vectors, steps, choices);
    await replaceFile(path, studyText(facts, ways, figures));
    return { path, dir, ways, languages: prepared.questions.languages, choices, figures };
  } finally {
    own.dispose();
    await lock.release();
  }
}

/** Ways whose cultural questions are asked with the country named as well: the model as it is, and steered. */
function isNamed({ questions }: Prepared, ways: readonly StudyWay[]): StudyWay[] {
  return questions.named ? ways.filter(({ role }) => role === 'none' || role === 'steered') : [];
}

async function askTest(
  request: StudyRequest,
  prepared: Prepared,
  ways: readonly StudyWay[],
  backend: BackendInfo,
  model: LazyModel,
  { stop, onStage, onCount }: StudyOptions,
): Promise<void> {
  const { dir, model: found, questions } = prepared;
  const { metric, seed, chat } = request.asking;
  const ask = (
    ready: readonly AskedTask[],
    some: readonly StudyWay[],
    nameOf: (folder: string) => string,
    name: string,
  ) => {
    onStage(
      `${name}: ${ready.map((one) => `${one.task.name} ${one.items.length}`).join(' + ')} questions, ${some.length} ways`,
    );
    return evaluateTogether(
      {
        ...{ metric, seed, chat, embedScale: request.embedScale, tokenBudget: request.tokenBudget },
        ...{ model: found.name, source: found.source, weights: found.weights, backend, ready },
        ways: some.map(({ folder, steps }) => ({
          dir: join(dir, nameOf(folder)),
          shown: join(request.out, nameOf(folder)),
          steering: steps,
        })),
      },
      { model: () => model.get(), stop, onScored: (at) => onCount({ name: 'answers', ...at }) },
    );
  };
  await ask([questions.test.universal, questions.test.cultural], ways, (folder) => folder, 'Test');
  const some = isNamed(prepared, ways);
  if (some.length > 0) await ask([questions.named!], some, namedFolder, 'Test, country named');
}
