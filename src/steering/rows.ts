/**
 * The rows of a steering vector, one a block.
 *
 * Shape letters: L blocks, D model.
 */
import { UserError } from '../errors.ts';
import type { SteeringVector } from './vector.ts';

/** The languages that a vector has, sorted: its map has them in the order they were made in. */
export function languagesOf({ vectors_LD }: SteeringVector): string[] {
  return [...vectors_LD.keys()].sort();
}

/** All blocks of a language, or of the vector that serves all. @throws UserError naming the languages that there are */
export function rowsOf(vector: SteeringVector, language: string): Float32Array {
  const numbers_LD = vector.vectors_LD.get(language) ?? vector.vectors_LD.get('*');
  if (numbers_LD !== undefined) return numbers_LD;
  throw new UserError(
    `the steering vector has nothing of ${language}; its languages are ${languagesOf(vector).join(', ')}`,
  );
}

/** The row of one block, seen, not copied: nothing may write to it. @throws UserError as `rowsOf`, and as `requireLayer` */
export function rowOf(vector: SteeringVector, language: string, layer: number): Float32Array {
  const numbers_LD = rowsOf(vector, language);
  requireLayer(vector, layer);
  const D = vector.facts.model.hidden_size;
  return numbers_LD.subarray(layer * D, (layer + 1) * D);
}

/** @throws UserError for what is no block of the model */
export function requireLayer({ facts }: SteeringVector, layer: number): void {
  const L = facts.model.num_hidden_layers;
  if (Number.isInteger(layer) && layer >= 0 && layer < L) return;
  throw new UserError(`there is no block ${layer}: ${facts.model.name} has ${L}, 0 to ${L - 1}`);
}
