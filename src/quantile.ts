/** Quantiles of a list of numbers. */

/** Between the two nearest values in proportion, as NumPy's default. @param sorted ascending, not empty */
export function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (at - below) * (high - low);
}

/** What 95 % of the values lie within: their 2.5 % and 97.5 % quantiles, without those that are not numbers. */
export function percentile95(values: Float64Array): [number, number] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  return [quantile(sorted, 0.025), quantile(sorted, 0.975)];
}
