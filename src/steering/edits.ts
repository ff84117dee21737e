/**
 * Steering as edits of the model's forward pass: nothing is installed in the model, so there is nothing to take out again.
 *
 * Shape letters: B rows, T tokens a row, D model.
 */
import * as tf from '../backend/tfjs.ts';
import { UserError } from '../errors.ts';
import type { Edit } from '../model/index.ts';
import { vectorIdentity } from './identity.ts';
import type { SteeredTokens, SteeringStep, SteeringVector } from './vector.ts';

/** The edits of a pass over texts of a language. @param fromPromptEnd_BT 1 for tokens from the last of a prompt on */
export type SteeringEdits = (fromPromptEnd_BT: Uint8Array, language: string) => readonly Edit[];

/** What is added at a block. */
export interface Shift {
  layer: number;
  tokens: SteeredTokens;
  shift_D: Float32Array;
}

/**
 * Edits of some steps, in any order. Several at one block add up, in float64 and in an order of their own, so that theirs does
 * not matter; those of gamma 0 make no edit, and the numbers are those of no steering to the last bit. Vectors are read, never
 * written.
 *
 * Texts in English are not steered by EN, which has nothing to move them towards.
 *
 * @throws UserError for a layer that a vector does not have; and from what it returns, for a language that it does not have
 */
export function steeringEdits(steps: readonly SteeringStep[]): SteeringEdits {
  // An edit of a block that is not there would never be applied, and never be missed.
  for (const { vector, layer } of steps) requireLayer(vector, layer);
  const known = new Map<string, Shift[]>();
  return (fromPromptEnd_BT, language) => {
    let shifts = known.get(language);
    if (shifts === undefined) {
      shifts = shiftsOf(steps, language);
      known.set(language, shifts);
    }
    return shifts.map(({ layer, tokens, shift_D }) => ({
      layer,
      apply: (hidden_BTD) =>
        tf.tidy(() => {
          const shift_11D = tf.tensor3d(shift_D, [1, 1, shift_D.length]);
          if (tokens === 'everywhere') return tf.add(hidden_BTD, shift_11D) as tf.Tensor3D;
          const [B, T] = hidden_BTD.shape;
          const mask_BT1 = tf.tensor3d(Float32Array.from(fromPromptEnd_BT), [B, T, 1]);
          return tf.add(hidden_BTD, tf.mul(mask_BT1, shift_11D)) as tf.Tensor3D;
        }),
    }));
  };
}

/**
 * What steps add for texts of a language: a shift for each block and choice of tokens, gamma in it.
 *
 * @throws UserError for a language that a vector does not have
 */
export function shiftsOf(steps: readonly SteeringStep[], language: string): Shift[] {
  const sums = new Map<string, { layer: number; tokens: SteeredTokens; sum_D: Float64Array }>();
  for (const { vector, layer, gamma, tokens } of settledSteps(steps)) {
    const row_D = rowFor(vector, layer, language);
    if (row_D === undefined) continue;
    const key = `${layer} ${tokens}`;
    const found = sums.get(key) ?? { layer, tokens, sum_D: new Float64Array(row_D.length) };
    for (const [d, value] of row_D.entries()) found.sum_D[d]! += gamma * value;
    sums.set(key, found);
  }
  return [...sums.values()].map(({ layer, tokens, sum_D }) => ({
    ...{ layer, tokens },
    shift_D: Float32Array.from(sum_D),
  }));
}

function requireLayer({ facts: { kind, model } }: SteeringVector, layer: number): void {
  const { num_hidden_layers: L } = model;
  if (Number.isInteger(layer) && layer >= 0 && layer < L) return;
  throw new UserError(
    `there is no layer ${layer}: the ${kind} vector of ${model.name} has ${L}, 0 to ${L - 1}`,
  );
}

/** The row that texts of a language are steered by; undefined where they are not. @throws UserError if there is none */
function rowFor(vector: SteeringVector, layer: number, language: string): Float32Array | undefined {
  const numbers_LD = vector.vectors_LD.get(language) ?? vector.vectors_LD.get('*');
  if (numbers_LD === undefined) {
    if (isLeftAlone(vector, language)) return undefined;
    throw new UserError(missing(vector, language));
  }
  const { hidden_size: D } = vector.facts.model;
  return numbers_LD.subarray(layer * D, (layer + 1) * D);
}

/** EN has no vector of English: the difference of English from itself. */
function isLeftAlone({ facts }: SteeringVector, language: string): boolean {
  return facts.kind === 'en' && language === 'en';
}

/** @throws UserError for all languages that a step has no vector of */
export function requireLanguages(steps: readonly SteeringStep[], languages: readonly string[]): void {
  const problems = settledSteps(steps).flatMap(({ vector }) =>
    languages
      .filter((language) => !vector.vectors_LD.has(language) && !vector.vectors_LD.has('*'))
      .filter((language) => !isLeftAlone(vector, language))
      .map((language) => ({ message: missing(vector, language) })),
  );
  if (problems.length > 0) throw new UserError(problems);
}

function missing({ facts, vectors_LD }: SteeringVector, language: string): string {
  return `the ${facts.kind} vector of ${facts.model.name} on ${facts.task} has nothing of ${language}; it has ${[...vectors_LD.keys()].sort().join(', ')}`;
}

/** The steps that do something, in one order whatever order they were given in. */
export function settledSteps(steps: readonly SteeringStep[]): SteeringStep[] {
  const key = ({ vector, layer, gamma, tokens }: SteeringStep) =>
    `${String(layer).padStart(6, '0')} ${tokens} ${vector.identity} ${gamma}`;
  return steps
    .filter(({ gamma }) => gamma !== 0)
    .map((step) => ({ step, key: key(step) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ step }) => step);
}

/** @throws Error if the numbers of a vector are no longer those that it was made of: a fault of the program */
export function requireUnchanged(steps: readonly SteeringStep[]): void {
  for (const vector of new Set(steps.map(({ vector }) => vector)))
    if (vectorIdentity(vector.vectors_LD) !== vector.identity)
      throw new Error('the numbers of a steering vector have been changed while it was used');
}
