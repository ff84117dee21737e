/** What tells the numbers of one vector from those of another. */
import { createHash } from 'node:crypto';
import type { SteeringVector, VectorFacts } from './vector.ts';

/** SHA-256 in hex over the numbers of each language, in the order of their names: the order of the map does not count. */
export function vectorIdentity(vectors_LD: ReadonlyMap<string, Float32Array>): string {
  const hash = createHash('sha256');
  for (const [language, numbers] of [...vectors_LD].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${language}\0${numbers.length}\0`);
    hash.update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }
  return hash.digest('hex');
}

/** A vector of these numbers, which belong to it from now on. */
export function makeVector(
  facts: VectorFacts,
  vectors_LD: ReadonlyMap<string, Float32Array>,
): SteeringVector {
  return { facts, vectors_LD, identity: vectorIdentity(vectors_LD) };
}

/** Lengths of the rows of numbers_LD, summed in float64. @param width D */
export function rowNorms(numbers_LD: Float32Array, width: number): number[] {
  return Array.from({ length: numbers_LD.length / width }, (_, layer) => {
    let sum = 0;
    for (let i = layer * width; i < (layer + 1) * width; i++) sum += numbers_LD[i]! ** 2;
    return Math.sqrt(sum);
  });
}
