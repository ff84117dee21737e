/**
 * Dimensions that are large in every hidden state, whatever the text: they fill a mean difference with their noise.
 *
 * Shape letters: N hidden states, D model.
 */
import { UserError } from '../errors.ts';
import { derivedFacts } from './derive.ts';
import { makeVector, rowNorms } from './identity.ts';
import type { SteeringVector } from './vector.ts';

/**
 * A dimension is an outlier when its mean |value| is more than so many times the median dimension's.
 *
 * Between two known distances. The literature calls what lies beyond 3 to 5 deviations an outlier (arXiv 2306.00458), and 5
 * deviations of a normal distribution are 7.4 of its median |value|. Gemma 3's massive dimensions lie far beyond: in the 270M
 * model five dimensions hold 99.5 % of the squared norm after 9 blocks, so that they are at least some 60 times as large as
 * the others; in the 4B model one is at 1000 to 2000 times the median.
 */
export const OUTLIER_TIMES_MEDIAN = 10;

/** Hidden states of one block: rows of equal length, end to end. */
export interface HiddenStates {
  rows: number;
  columns: number;
  values_ND: ArrayLike<number>;
}

/**
 * The dimensions whose mean |value| over all hidden states exceeds `times` the median of those means, ascending. Of a median
 * of zero all that are not zero.
 *
 * @throws Error if there are no hidden states
 */
export function outlierDims(
  { rows: N, columns: D, values_ND }: HiddenStates,
  times: number = OUTLIER_TIMES_MEDIAN,
): number[] {
  if (N === 0 || D === 0) throw new Error('no hidden states to measure');
  const sizes_D = new Float64Array(D);
  for (let at = 0; at < N * D; at++) sizes_D[at % D]! += Math.abs(values_ND[at]!) / N;
  const limit = times * medianOf(sizes_D);
  return Array.from(sizes_D.keys()).filter((d) => sizes_D[d]! > limit);
}

function medianOf(values: Float64Array): number {
  const sorted = values.toSorted();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The vector with zeros in the dimensions named for each block, as a new one whose facts say so.
 *
 * @param dims one list a block, of `outlierDims` of its hidden states
 * @param times that they were found with
 * @throws UserError if there is not one list a block, or a dimension is not the model's
 */
export function maskedVector(
  vector: SteeringVector,
  dims: readonly (readonly number[])[],
  times: number = OUTLIER_TIMES_MEDIAN,
): SteeringVector {
  const { facts, vectors_LD } = vector;
  const { num_hidden_layers: L, hidden_size: D } = facts.model;
  if (dims.length !== L)
    throw new UserError(`a mask needs a list of dimensions for each of ${L} blocks, found ${dims.length}`);
  const wrong = dims.flat().find((d) => !Number.isInteger(d) || d < 0 || d >= D);
  if (wrong !== undefined)
    throw new UserError(`there is no dimension ${wrong}: the model has ${D}, from 0 on`);
  const masked = new Map([...vectors_LD].map(([language, numbers_LD]) => [language, numbers_LD.slice()]));
  for (const numbers_LD of masked.values())
    for (const [layer, of] of dims.entries()) for (const d of of) numbers_LD[layer * D + d] = 0;
  const norms = Object.fromEntries(
    [...masked].map(([language, numbers_LD]) => [
      language,
      { vector: rowNorms(numbers_LD, D), hidden: facts.norms[language]!.hidden },
    ]),
  );
  const derived = {
    rule: 'masked' as const,
    from: vector.identity,
    times_median: times,
    dims: dims.map((of) => [...of].sort((a, b) => a - b)),
  };
  return makeVector(derivedFacts(facts, derived, { norms }), masked);
}
