/** What alignment removes: how much less of a label can be read off one model than off another, layer by layer. */
import { UserError } from '../../errors.ts';
import { type PairedEstimate, pairedEstimate } from '../paired.ts';
import { type LayerProbe, measures, type Probes } from './probes.ts';

/** What is compared of probes. */
export interface TriedProbes extends Pick<Probes, 'classes' | 'train' | 'heldOut'> {
  layers: readonly Pick<LayerProbe, 'layer' | 'correct'>[];
}

/** Two models' probes of a layer. */
export interface ProbeDifference {
  layer: number;
  /** Over classes; `delta` is b - a, paired by held-out item and clustered on questions. */
  mean: PairedEstimate;
  byClass: Record<string, PairedEstimate>;
}

/**
 * Accuracy of `b` less that of `a` on the same held-out items: of an aligned model less the unaligned one, what is removed is
 * below 0.
 *
 * @throws UserError unless both have the same layers, and were trained and tried on the same questions
 */
export function compareProbes(a: TriedProbes, b: TriedProbes, { seed }: { seed: number }): ProbeDifference[] {
  if (a.layers.length !== b.layers.length)
    throw new UserError(
      `probes of ${a.layers.length} and of ${b.layers.length} layers cannot be compared layer by layer`,
    );
  const keys = ({ heldOut }: TriedProbes) =>
    heldOut.map(({ language, id, cluster, label }) => JSON.stringify([language, id, cluster, label]));
  const places = new Map(keys(b).map((key, at) => [key, at]));
  const order = keys(a).map((key) => places.get(key));
  if (a.train !== b.train || a.heldOut.length !== b.heldOut.length || order.includes(undefined))
    throw new UserError(
      `only probes of the same questions can be compared: one was trained on ${a.train} and tried on ${a.heldOut.length} items, the other on ${b.train} and ${b.heldOut.length}, and ${order.filter((at) => at !== undefined).length} of the latter are in both; the same task, languages, limit and seed make them the same`,
    );
  return a.layers.map(({ layer, correct }, l) => {
    const before = measures(a.heldOut, correct);
    const other = b.layers[l]!.correct;
    const after = measures(
      a.heldOut,
      order.map((at) => other[at!]!),
    );
    const { mean, byLanguage } = pairedEstimate(before, after, { seed, averaged: a.classes });
    return { layer, mean, byClass: byLanguage };
  });
}
