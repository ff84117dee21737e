/** The vectors of a study: those that are kept are used again, those that are missing are made. */
import { join } from 'node:path';
import type { BackendInfo } from '../../backend/index.ts';
import { UserError } from '../../errors.ts';
import { absolutePath } from '../../paths.ts';
import { Interrupted } from '../../runs/index.ts';
import { exists } from '../../runs/run-files.ts';
import type { SteeringVector } from '../../steering/vector.ts';
import { readVector, vectorPaths, writeVector } from '../../steering/vector-file.ts';
import { type ExtractionRequest, extractFrom } from '../extraction/extract.ts';
import type { Pairs } from '../extraction/pairs.ts';
import { canonicalJson, sha256 } from '../results/digest.ts';
import { tokenizerIdentity } from '../results/index.ts';
import { extractionOf } from './extraction-of.ts';
import type { LazyModel } from './lazy-model.ts';
import type { Found, Prepared } from './prepare.ts';
import type { StudyOptions, StudyRequest, StudyVector } from './request.ts';

/** A vector and where it lies: its path, and as the user would write it. */
export interface KeptVector {
  vector: SteeringVector;
  path: string;
  shown: string;
}

export type StudyVectors = ReadonlyMap<StudyVector, KeptVector>;

/**
 * Reads or makes all vectors. In a folder that several studies share a name says what its vector is of; in a study's own it is
 * its kind.
 *
 * @throws UserError if a vector of that name is of something else; Interrupted after a signal, when the one in work is not written
 */
export async function studyVectors(
  request: StudyRequest,
  { dir, from, pairs, questions }: Prepared,
  backend: BackendInfo,
  model: LazyModel,
  { cwd, stop, onStage, onCount }: StudyOptions,
): Promise<StudyVectors> {
  const found = new Map<StudyVector, KeptVector>();
  for (const [kind, own] of pairs) {
    const asked = extractionOf(request, kind, questions.languages, from.name);
    const isShared = request.vectors !== undefined;
    const name = isShared ? `${kind}-${await nameOf(request, asked, own, from, backend)}` : kind;
    const folder = request.vectors ?? join(request.out, 'vectors');
    const shown = join(folder, name);
    const path = isShared ? absolutePath(cwd, shown) : join(dir, 'vectors', name);
    if (await exists(vectorPaths(path).facts)) {
      const vector = await readVector(path, shown);
      requireOf(vector, own, asked, from, shown);
      onStage(`vectors: ${shown} is there`);
      found.set(kind, { vector, path, shown });
      continue;
    }
    const counts = own.languages.map(({ language, ids }) => `${language} ${ids.length}`).join('  ');
    onStage(`vectors: ${kind} of Dev1 of ${own.task.name}, pairs: ${counts}`);
    const loaded = { ...from, backend, model: await model.get() };
    const vector = await extractFrom(loaded, own, asked, {
      stop,
      onRead: (at) => onCount({ name: 'prompts', ...at }),
    }).catch((error) => {
      if (!(error instanceof Interrupted)) throw error;
      const message = `stopped by ${error.signal} while ${kind} was made, of which nothing is kept; the same command goes on from there`;
      throw new Interrupted(error.signal, 0, request.out, message);
    });
    await writeVector(path, vector, shown);
    found.set(kind, { vector, path, shown });
  }
  return found;
}

/** A name for what a vector is of: of the same prompts, read alike by the same model. */
async function nameOf(
  { embedScale }: StudyRequest,
  { kind, readAt }: ExtractionRequest,
  pairs: Pairs,
  { source, weights }: Found,
  { compute, storage }: BackendInfo,
): Promise<string> {
  const of = {
    ...{ kind, weights, read_at: readAt, embed_scale: embedScale, compute, storage },
    tokenizer: await tokenizerIdentity(source.tokenizer),
    pairs: pairHashes(pairs.languages.map(({ language, sha256: hash }) => [language, hash])),
  };
  return sha256(canonicalJson(of)).slice(0, 12);
}

function requireOf(
  { facts }: SteeringVector,
  pairs: Pairs,
  { kind, readAt }: ExtractionRequest,
  { weights }: Found,
  shown: string,
): void {
  const own = pairHashes(pairs.languages.map(({ language, sha256: hash }) => [language, hash]));
  const its = pairHashes(Object.entries(facts.pairs).map(([language, { sha256: hash }]) => [language, hash]));
  const others = [
    ...(facts.kind === kind ? [] : [`is of kind ${facts.kind}`]),
    ...(facts.model.weights === weights ? [] : ['is of other weights']),
    ...(facts.read_at === readAt ? [] : [`was read at ${facts.read_at}`]),
    ...(own === its ? [] : ['was made of other prompts']),
  ];
  if (others.length > 0)
    throw new UserError({
      file: vectorPaths(shown).facts,
      message: `${others.join(', ')}: it is not what this study would make; name another folder`,
    });
}

function pairHashes(pairs: readonly (readonly [language: string, hash: string])[]): string {
  return pairs
    .map((pair) => pair.join(' '))
    .sort()
    .join();
}
