/** Facts of vectors that are made from others. */
import type { Derived } from './derived.ts';
import type { VectorFacts } from './vector.ts';

/** Facts of a vector made from one with `facts`: it cannot be extracted again, so they no longer say how that one was. */
export function derivedFacts(
  { extraction: _, ...facts }: VectorFacts,
  derived: Derived,
  changed: Partial<VectorFacts>,
): VectorFacts {
  return { ...facts, ...changed, derived };
}
