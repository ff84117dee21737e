/** Intervals without assumptions about the distribution: what would have come out with other questions of the same kind? */
import seedrandom from 'seedrandom';
import type { ClusterSums } from './cluster-sums.ts';

export { percentile95, quantile } from '../quantile.ts';

/** Means of each resample. */
export interface Resamples {
  /** By language; NaN where a resample holds no item of it. */
  byLanguage: Float64Array[];
  /** Unweighted, over the averaged languages. */
  mean: Float64Array;
}

/**
 * The bootstrap clustered on questions, over languages together. A resample is C clusters drawn with replacement from the C
 * that there are, each with all its items in all languages; of them the mean of each language (the items of a cluster drawn
 * twice count twice), and then the unweighted mean of the language means. A language of which a resample holds no item is
 * left out of that mean; this cannot happen where all clusters are in all languages.
 *
 * Costs resamples x C x L additions.
 *
 * @param averaged columns that the mean is over
 * @param key what the draws depend on, beside the number of clusters
 */
export function bootstrap(
  { languages: { length: L }, clusters: C, sums, counts }: ClusterSums,
  averaged: readonly number[],
  resamples: number,
  key: string,
): Resamples {
  // 32 bits a draw are plenty for an index, and many times as fast as the 52 of ARC4.
  const random = seedrandom.alea(key);
  const byLanguage = Array.from({ length: L }, () => new Float64Array(resamples));
  const mean = new Float64Array(resamples);
  const drawnSums = new Float64Array(L);
  const drawnCounts = new Float64Array(L);
  // Where all clusters have as many items, as translated benchmarks do, so has every resample.
  const isEven = counts.every((count) => count === counts[0]);
  for (let r = 0; r < resamples; r++) {
    drawnSums.fill(0);
    drawnCounts.fill(isEven ? C * counts[0]! : 0);
    for (let draw = 0; draw < C; draw++) {
      const row = Math.floor(random() * C) * L;
      for (let l = 0; l < L; l++) drawnSums[l]! += sums[row + l]!;
      if (isEven) continue;
      for (let l = 0; l < L; l++) drawnCounts[l]! += counts[row + l]!;
    }
    for (let l = 0; l < L; l++) byLanguage[l]![r] = drawnSums[l]! / drawnCounts[l]!;
    const present = averaged.filter((l) => drawnCounts[l]! > 0);
    mean[r] = present.reduce((sum, l) => sum + byLanguage[l]![r]!, 0) / present.length;
  }
  return { byLanguage, mean };
}
