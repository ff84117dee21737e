/** How far two steering vectors are from pulling along one line: equation 6 of the paper, its Figures 4 and 10. */
import { UserError } from '../errors.ts';
import { languagesOf, rowOf } from './rows.ts';
import type { SteeringVector } from './vector.ts';

/**
 * S = 90 - |deg(arccos cos(a, b)) - 90|: 90 of perpendicular vectors, 0 of parallel and opposite ones. Null where one has no
 * direction, all zeros.
 *
 * @throws Error for vectors of different widths
 */
export function perpendicularity(a_D: ArrayLike<number>, b_D: ArrayLike<number>): number | null {
  if (a_D.length !== b_D.length) throw new Error(`${a_D.length} and ${b_D.length} numbers have no angle`);
  const cosine = cosineOf(a_D, b_D);
  return cosine === null ? null : 90 - Math.abs((Math.acos(cosine) * 180) / Math.PI - 90);
}

/**
 * The cosine of two vectors, in float64, within [-1, 1]: sums of squares round, and arccos of 1.0000000000000002 is no
 * number. Null where one of them has no direction.
 */
export function cosineOf(a_D: ArrayLike<number>, b_D: ArrayLike<number>): number | null {
  let [ab, aa, bb] = [0, 0, 0];
  for (let d = 0; d < a_D.length; d++) {
    ab += a_D[d]! * b_D[d]!;
    aa += a_D[d]! ** 2;
    bb += b_D[d]! ** 2;
  }
  if (aa === 0 || bb === 0) return null;
  return Math.max(-1, Math.min(1, ab / (Math.sqrt(aa) * Math.sqrt(bb))));
}

/**
 * S between two vectors, such as EN and LOC, for each language that both have: one a block.
 *
 * @throws UserError if they are not of one model, or have no language in common
 */
export function perpendicularityByLayer(
  a: SteeringVector,
  b: SteeringVector,
): Map<string, (number | null)[]> {
  const [ours, theirs] = [a.facts.model, b.facts.model];
  for (const key of ['weights', 'num_hidden_layers', 'hidden_size'] as const)
    if (ours[key] !== theirs[key])
      throw new UserError(
        `vectors of different models have no angle: ${ours.name} (${key} ${ours[key]}) and ${theirs.name} (${theirs[key]})`,
      );
  const shared = languagesOf(a).filter((language) => b.vectors_LD.has(language));
  if (shared.length === 0)
    throw new UserError(
      `the vectors have no language in common: ${languagesOf(a).join(', ')} and ${languagesOf(b).join(', ')}`,
    );
  const of = (language: string) =>
    Array.from({ length: ours.num_hidden_layers }, (_, layer) =>
      perpendicularity(rowOf(a, language, layer), rowOf(b, language, layer)),
    );
  return new Map(shared.map((language) => [language, of(language)]));
}
