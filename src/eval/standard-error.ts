/** Standard errors by formula: what lm-eval prints, and what holds where questions come in several variants or languages. */
import { type ClusterSums, totals } from './cluster-sums.ts';

/**
 * The standard error of an unweighted mean of language means, clustered on questions: "Adding Error Bars to Evals" (Miller,
 * 2411.00640, section 2.2), with the residuals of a cluster in several languages added before they are squared:
 *
 *     u_c = 1/L sum_l (S_cl - m_l n_cl) / n_l        S_cl: sum of cluster c in language l, m_l: mean of the language
 *     SE  = sqrt(C / (C - 1) sum_c u_c^2)            C: clusters that are in any of the languages
 *
 * C / (C - 1) is Inspect's, and makes it lm-eval's standard error where each item of one language is a cluster of its own.
 *
 * @param columns languages that the mean is over
 * @returns undefined of fewer than two clusters
 */
export function clusteredStderr(table: ClusterSums, columns: readonly number[]): number | undefined {
  const { languages, clusters, sums, counts } = table;
  const all = totals(table);
  let squares = 0;
  let found = 0;
  for (let row = 0; row < clusters * languages.length; row += languages.length) {
    let residual = 0;
    let items = 0;
    for (const l of columns) {
      items += counts[row + l]!;
      const expected = (all.sums[l]! / all.counts[l]!) * counts[row + l]!;
      residual += (sums[row + l]! - expected) / all.counts[l]!;
    }
    if (items === 0) continue;
    found++;
    squares += (residual / columns.length) ** 2;
  }
  return found < 2 ? undefined : Math.sqrt((found / (found - 1)) * squares);
}

/** lm-eval's: the sample's standard deviation (over n - 1) by the root of n. Undefined of fewer than two values. */
export function naiveStderr(values: readonly number[]): number | undefined {
  const n = values.length;
  if (n < 2) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (n - 1) / n);
}

/** Quantiles of the normal distribution: 97.5 % and 80 %. */
const [TWO_SIDED_5, POWER_80] = [1.959963984540054, 0.8416212335729143];

/**
 * The smallest true difference that a comparison with this standard error finds in 80 of 100 cases, at 5 % two-sided:
 * 2.80 standard errors. Undefined where the error is not known, or is 0: from items that all differ alike nothing can be
 * said about others.
 */
export function minimalDetectableEffect(stderr: number | undefined): number | undefined {
  return stderr ? (TWO_SIDED_5 + POWER_80) * stderr : undefined;
}
