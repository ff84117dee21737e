/** The nearest spelling of a name, for hints. */
import { closest, distance } from 'fastest-levenshtein';

/** Nothing that a person types by mistake is longer; comparing costs the product of the lengths. */
const LONGEST = 64;

/** The nearest of `known` if it is near enough to be a slip: at most a third of its letters differ, and one may always. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > LONGEST) return undefined;
  const best = closest(name.toLowerCase(), [...known]);
  return distance(name.toLowerCase(), best.toLowerCase()) <= Math.max(1, Math.floor(best.length / 3))
    ? best
    : undefined;
}
