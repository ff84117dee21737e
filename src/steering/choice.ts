/** Which of the places that were tried a vector is added at: the best of a smoothed curve, or one as good with less steering. */

/** A layer and a gamma that were tried on Dev2. */
export interface TriedPlace {
  layer: number;
  gamma: number;
  /** What is to be large: the change of its axis. */
  value: number;
  /** The same in each resample of the questions, resample r being of the same questions for all places. */
  draws: ArrayLike<number>;
  /** May it be chosen? LOC must not cost transfer. */
  isAllowed: boolean;
}

/** A layer with its best gamma. */
export interface CurveLayer {
  layer: number;
  gamma: number;
  /** Smoothed over the neighbouring layers. */
  value: number;
  /** Standard deviation of that over resamples. */
  stderr: number;
}

/** What was chosen, and from what. */
export interface PlaceChoice {
  layer: number;
  gamma: number;
  /** Smoothed value and error of the chosen place. */
  value: number;
  stderr: number;
  /** By layer, of places that are allowed. */
  curve: CurveLayer[];
  best: CurveLayer;
  /** Places that are allowed and within one standard error of the best. */
  within: number;
  /** No place was allowed, so that all were. */
  areAllAllowed: boolean;
}

/**
 * Values are smoothed over three neighbouring layers at one gamma, as a single layer of a noisy curve is often its luckiest. Of the
 * places within one standard error of the best (Breiman's rule, which cross-validation has it from), the smallest gamma is taken,
 * as it changes the model least, and of these the one nearest `depth`.
 *
 * @param tried not empty; each layer with the same gammas
 * @param depth of the model at which the paper steers: 0 is the first of `layers` blocks, 1 the last
 */
export function choosePlace(tried: readonly TriedPlace[], depth: number, layers: number): PlaceChoice {
  const isAnyAllowed = tried.some(({ isAllowed }) => isAllowed);
  const smooth = smoothed(tried);
  const open = smooth.filter((_, i) => !isAnyAllowed || tried[i]!.isAllowed);
  const best = open.reduce((a, b) => (b.value > a.value ? b : a));
  const within = open.filter(({ value }) => value >= best.value - best.stderr);
  const away = ({ layer }: CurveLayer) => Math.abs(layer - depth * (layers - 1));
  const [chosen] = [...within].sort(
    (a, b) => Math.abs(a.gamma) - Math.abs(b.gamma) || away(a) - away(b) || b.value - a.value,
  );
  const atLayer = (layer: number) => open.filter((one) => one.layer === layer);
  const curve = [...new Set(open.map(({ layer }) => layer))]
    .sort((a, b) => a - b)
    .map((layer) => atLayer(layer).reduce((a, b) => (b.value > a.value ? b : a)));
  return { ...chosen!, curve, best, within: within.length, areAllAllowed: !isAnyAllowed };
}

/** Means over each place and those of the layers next to it that were tried, with their errors. */
function smoothed(tried: readonly TriedPlace[]): CurveLayer[] {
  const layers = [...new Set(tried.map(({ layer }) => layer))].sort((a, b) => a - b);
  return tried.map(({ layer, gamma }) => {
    const at = layers.indexOf(layer);
    const near = layers.slice(Math.max(0, at - 1), at + 2);
    const own = tried.filter((other) => other.gamma === gamma && near.includes(other.layer));
    const mean = (of: (place: TriedPlace) => number) =>
      own.reduce((sum, place) => sum + of(place), 0) / own.length;
    const draws = Array.from({ length: own[0]!.draws.length }, (_, r) => mean((place) => place.draws[r]!));
    return { layer, gamma, value: mean((place) => place.value), stderr: deviation(draws) };
  });
}

function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
