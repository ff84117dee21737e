/**
 * Steering vectors on disk: `NAME.safetensors`, a tensor of float32 [L, D] a language, and `NAME.json`, what they are.
 *
 * Shape letters: L blocks, D model.
 */
import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Problem, UserError } from '../errors.ts';
import {
  fromFloat32,
  openSafetensors,
  type TensorFile,
  writeFileSynced,
  writeSafetensors,
} from '../model/files/index.ts';
import { asUserError, exists, makeFolders, syncDirectory, TEMPORARY } from '../runs/run-files.ts';
import { readTextFile } from '../text.ts';
import { factsText, LARGEST_FACTS, parseFacts } from './facts.ts';
import { makeVector, rowNorms, vectorIdentity } from './identity.ts';
import type { SteeringVector, VectorFacts } from './vector.ts';

/** Share by which a norm may differ from the one that the facts tell: they are float64 sums of float32 numbers. */
const NORM_TOLERANCE = 1e-5;

/** Both files of a vector, from its name, or the path of either. */
export function vectorPaths(path: string): { tensors: string; facts: string } {
  const name = path.replace(/\.(safetensors|json)$/, '');
  return { tensors: `${name}.safetensors`, facts: `${name}.json` };
}

/**
 * Writes both files whole: a crash leaves none, or numbers without facts, which are no vector and are written over.
 *
 * @param shown the path as the user wrote it
 * @throws UserError if there is a vector already, numbers are not finite, facts do not match them, or it cannot be written
 */
export async function writeVector(path: string, vector: SteeringVector, shown = path): Promise<void> {
  const to = vectorPaths(path);
  requireMatch(vector.facts, vector.vectors_LD, vectorPaths(shown).facts);
  if (vectorIdentity(vector.vectors_LD) !== vector.identity)
    throw new Error('the numbers of a steering vector have been changed since it was made');
  await requireNewVector(path, shown);
  const folder = dirname(to.facts);
  const aside = (kind: string) => join(folder, `${TEMPORARY}${randomBytes(6).toString('hex')}.${kind}`);
  const from = { tensors: aside('safetensors'), facts: aside('json') };
  const { num_hidden_layers: L, hidden_size: D } = vector.facts.model;
  const tensors = [...vector.vectors_LD].map(([name, numbers]) => ({
    name,
    dtype: 'F32' as const,
    shape: [L, D],
    byteLength: numbers.byteLength,
    pieces: () => [fromFloat32(numbers, 'F32')],
  }));
  try {
    await makeFolders(folder);
    await writeSafetensors(from.tensors, tensors);
    await writeFileSynced(from.facts, factsText(vector.facts, vector.identity));
    await rename(from.tensors, to.tensors);
    await rename(from.facts, to.facts);
    await syncDirectory(folder);
  } catch (error) {
    await Promise.all([from.tensors, from.facts].map((file) => rm(file, { force: true })));
    throw asUserError(error, shown, 'the vector cannot be written');
  }
}

/** @throws UserError if a vector lies at the path: what results were made with is not written over */
export async function requireNewVector(path: string, shown = path): Promise<void> {
  if (!(await exists(vectorPaths(path).facts))) return;
  const message = 'there is a vector already; name another file, or remove both of its files';
  throw new UserError({ file: vectorPaths(shown).facts, message });
}

/**
 * Reads a vector.
 *
 * @param path of either file, or their name without an ending
 * @param shown the path as the user wrote it
 * @throws UserError if a file is missing, cut, of another format or another vector's, or holds numbers that are not finite
 */
export async function readVector(path: string, shown = path): Promise<SteeringVector> {
  const at = vectorPaths(path);
  const names = vectorPaths(shown);
  await requireBoth(at, names);
  const { facts, identity } = parseFacts(readTextFile(at.facts, names.facts, LARGEST_FACTS), names.facts);
  const file = await openSafetensors(at.tensors).catch((error: unknown) => {
    throw asShown(error, names.tensors);
  });
  try {
    const vectors_LD = await readNumbers(file, facts, names.tensors);
    const vector = makeVector(facts, vectors_LD);
    if (vector.identity !== identity) {
      const message = `holds other numbers than those that ${basename(names.facts)} is of: one of the two files was changed or is another vector's`;
      throw new UserError({ file: names.tensors, message });
    }
    requireMatch(facts, vectors_LD, names.facts);
    return vector;
  } finally {
    await file.close();
  }
}

/** Problems of the one file that is read, under the name that the user wrote. */
function asShown(error: unknown, file: string): unknown {
  if (!(error instanceof UserError)) return error;
  return new UserError(error.problems.map((problem) => ({ ...problem, file })));
}

async function requireBoth(at: { tensors: string; facts: string }, names: typeof at): Promise<void> {
  const [hasTensors, hasFacts] = [await exists(at.tensors), await exists(at.facts)];
  if (hasTensors && hasFacts) return;
  if (!hasTensors && !hasFacts)
    throw new UserError({ file: names.tensors, message: 'there is no such steering vector' });
  const [there, missing] = hasTensors ? [names.tensors, names.facts] : [names.facts, names.tensors];
  const message = `has no ${basename(missing)} beside it: a vector is both files`;
  throw new UserError({ file: there, message });
}

/** Nothing is read before names, types and sizes are those that the facts promise. */
async function readNumbers(
  { tensors }: TensorFile,
  { model, norms }: VectorFacts,
  file: string,
): Promise<Map<string, Float32Array>> {
  const { num_hidden_layers: L, hidden_size: D } = model;
  const problems: Problem[] = [];
  for (const { name, dtype, shape } of tensors.values()) {
    if (dtype !== 'F32') problems.push({ file, message: `${name} is ${dtype}; a vector is F32` });
    if (shape.length !== 2 || shape[0] !== L || shape[1] !== D) {
      const message = `${name} has shape [${shape}], and its facts are of a model of ${L} blocks of width ${D}, [${L},${D}]`;
      problems.push({ file, message });
    }
  }
  if (tensors.size === 0) problems.push({ file, message: 'holds no tensor' });
  const extra = [...tensors.keys()].filter((name) => !Object.hasOwn(norms, name));
  if (extra.length > 0)
    problems.push({ file, message: `holds ${extra.slice(0, 5).join(', ')}, which its facts do not name` });
  if (problems.length > 0) throw new UserError(problems);
  const found = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) found.set(name, await tensor.readFloat32());
  return found;
}

/** @throws UserError for numbers that are not finite, and facts of other languages, sizes or norms than the numbers have */
function requireMatch(facts: VectorFacts, vectors_LD: ReadonlyMap<string, Float32Array>, file: string): void {
  const { num_hidden_layers: L, hidden_size: D } = facts.model;
  const problems: Problem[] = [];
  const refuse = (message: string) => problems.push({ file, message });
  const languages = [...vectors_LD.keys()];
  const told = Object.keys(facts.norms);
  if (vectors_LD.size === 0) refuse('a vector has at least one language');
  if ([...told].sort().join() !== [...languages].sort().join())
    refuse(`tells of ${told.join(', ') || 'no language'}, and the numbers are of ${languages.join(', ')}`);
  for (const [language, numbers] of vectors_LD) {
    if (numbers.length !== L * D)
      refuse(`${language} has ${numbers.length} numbers, not ${L} blocks of width ${D}`);
    else if (!numbers.every(Number.isFinite)) refuse(`${language} has numbers that are not finite`);
    else if (Object.hasOwn(facts.norms, language)) {
      const { vector, hidden } = facts.norms[language]!;
      if (vector.length !== L || hidden.length !== L)
        refuse(`norms.${language} must have ${L} lengths of each kind, one a block`);
      else if (!rowNorms(numbers, D).every((norm, layer) => isNear(norm, vector[layer]!)))
        refuse(`norms.${language} are not those of its numbers`);
    }
  }
  for (const language of Object.keys(facts.pairs))
    if (!vectors_LD.has(language)) refuse(`tells of pairs of ${language}, of which there are no numbers`);
  if (problems.length > 0) throw new UserError(problems);
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= NORM_TOLERANCE * Math.max(a, b);
}
