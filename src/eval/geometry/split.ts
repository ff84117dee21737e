/** Which questions a probe is trained on, and which it is tried on. */
import { shuffled } from '../../data/order.ts';
import { groupBy } from '../group.ts';

/** What a split needs to know of an item. */
export interface Labelled {
  /** The question, with all its variants and languages: they stay on one side. */
  cluster: string;
  /** What the probe is to tell. */
  label: string;
}

/** Share of the questions that is held out: of 100 questions in seven languages, 210 answers to count. */
export const HELD_OUT = 0.3;

/** Kinds of questions rarer than this are split together: one of two or three could not be held out in proportion. */
const FEW = 4;

/**
 * Questions that are held out, a function of the seed and of the questions alone, whatever their order. Questions with the same
 * labels (a country's own, say) are split among themselves, so that labels are on both sides in proportion.
 */
export function heldOut(items: readonly Labelled[], seed: number): Set<string> {
  const clusters = [...groupBy(items, ({ cluster }) => cluster)].map(([cluster, own]) => ({
    cluster,
    labels: [...new Set(own.map(({ label }) => label))].sort().join('\0'),
  }));
  const byLabels = groupBy(clusters, ({ labels }) => labels);
  const groups = groupBy(clusters, ({ labels }) => (byLabels.get(labels)!.length < FEW ? '' : labels));
  return new Set(
    [...groups].flatMap(([labels, own]) => {
      const names = own.map(({ cluster }) => cluster).sort();
      return shuffled(names, `${seed}/probe/${labels}`).slice(0, Math.round(HELD_OUT * names.length));
    }),
  );
}
