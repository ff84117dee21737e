/** Which points of the plane no other beats on both axes, and how sure one can be of it. */
import { quantile } from './bootstrap.ts';

/** Where a point is, in any unit. */
export interface FrontPoint {
  name: string;
  transfer: number;
  localization: number;
}

/** A point in R resamples of the items; resample r is of the same questions for all points. */
export interface DrawnPoint {
  name: string;
  /** [R] */
  transfer: Float64Array;
  localization: Float64Array;
}

/** What a front reaches in transfer where localization is at least so much: -Infinity where no point does. */
export interface FrontBand {
  localization: number;
  /** 2.5 %, 50 % and 97.5 % of resamples. */
  low: number;
  median: number;
  high: number;
}

/** The points that no other is at least as good as on both axes and better on one; by rising localization. */
export function paretoFront<P extends Omit<FrontPoint, 'name'>>(points: readonly P[]): P[] {
  return points
    .filter((point) => !points.some((other) => beats(other, point)))
    .sort((a, b) => a.localization - b.localization || b.transfer - a.transfer);
}

/** The share of resamples in which each point is on the front, by name. */
export function frontShares(points: readonly DrawnPoint[]): Map<string, number> {
  const resamples = points[0]?.transfer.length ?? 0;
  const counts = points.map(() => 0);
  for (let r = 0; r < resamples; r++) {
    const drawn = points.map((point) => at(point, r));
    for (const [i, point] of drawn.entries()) if (!drawn.some((other) => beats(other, point))) counts[i]!++;
  }
  return new Map(points.map(({ name }, i) => [name, counts[i]! / resamples]));
}

/**
 * How far fronts of resamples reach: at each localization the quantiles of the best transfer among points that have at least it,
 * pointwise, as attainment surfaces are drawn (Grunert da Fonseca, Fonseca and Hall 2001, doi:10.1007/3-540-44719-9_15).
 */
export function frontBand(points: readonly DrawnPoint[], localizations: readonly number[]): FrontBand[] {
  const resamples = points[0]?.transfer.length ?? 0;
  return localizations.map((localization) => {
    const reached = new Float64Array(resamples).fill(Number.NEGATIVE_INFINITY);
    for (const point of points)
      for (let r = 0; r < resamples; r++)
        if (point.localization[r]! >= localization) reached[r] = Math.max(reached[r]!, point.transfer[r]!);
    reached.sort();
    const [low, median, high] = [0.025, 0.5, 0.975].map((q) => reachedQuantile(reached, q)) as [
      number,
      number,
      number,
    ];
    return { localization, low, median, high };
  });
}

/** Between -Infinity and a number there is no value in proportion: the lower of the two. */
function reachedQuantile(sorted: Float64Array, q: number): number {
  const below = sorted[Math.floor(q * (sorted.length - 1))]!;
  return below === Number.NEGATIVE_INFINITY ? below : quantile(sorted, q);
}

function at({ transfer, localization }: DrawnPoint, r: number) {
  return { transfer: transfer[r]!, localization: localization[r]! };
}

type Place = Omit<FrontPoint, 'name'>;

function beats(a: Place, b: Place): boolean {
  return (
    a.transfer >= b.transfer &&
    a.localization >= b.localization &&
    (a.transfer > b.transfer || a.localization > b.localization)
  );
}
