/** Probes of every layer for one label: what can be read off where. */
import type { Measure } from '../cluster-sums.ts';
import { type Estimate, estimate } from '../statistics.ts';
import { probe } from './probe.ts';
import { heldOut, type Labelled } from './split.ts';
import { type HiddenStates, rowsOf } from './states.ts';

/** An item with what a probe is to tell of it. */
export interface ProbeItem extends Labelled {
  id: string;
  language: string;
}

/** What the probe of one layer comes to on held-out items. */
export interface LayerProbe {
  layer: number;
  /**
   * Share that is right, of each class and the mean over classes, so that always saying the same comes to `chance` exactly.
   * Intervals are clustered on questions, and are of this probe: what other training questions would change is not in them.
   */
  accuracy: { mean: Estimate; byClass: Record<string, Estimate> };
  /** Of each held-out item: was it right? */
  correct: boolean[];
}

/** Probes of all layers. */
export interface Probes {
  /** Sorted. */
  classes: string[];
  /** 1 / classes. */
  chance: number;
  /** Training items, and those held out. */
  train: number;
  heldOut: ProbeItem[];
  layers: LayerProbe[];
}

/** How probes are trained and watched. */
export interface ProbeOptions {
  /** Of the split and of intervals. */
  seed: number;
  /** Waited for after each layer. */
  between?(): Promise<void> | void;
}

/**
 * Probes each layer for the label of items. Items of a question are all for training or all held out.
 *
 * @returns undefined where there is nothing to tell: fewer than two labels that are on both sides of the split
 */
export async function probesOf(
  states: HiddenStates,
  items: readonly ProbeItem[],
  { seed, between }: ProbeOptions,
): Promise<Probes | undefined> {
  const held = heldOut(items, seed);
  const side = (isHeld: boolean) => items.filter(({ cluster }) => held.has(cluster) === isHeld);
  // What is on one side alone can be learnt or tried, but not both.
  const inTest = new Set(side(true).map(({ label }) => label));
  const classes = [...new Set(side(false).map(({ label }) => label))]
    .filter((label) => inTest.has(label))
    .sort();
  if (classes.length < 2) return undefined;
  const [train, test] = [side(false), side(true)].map((own) =>
    own.filter(({ label }) => classes.includes(label)),
  ) as [ProbeItem[], ProbeItem[]];
  const labels = train.map(({ label }) => classes.indexOf(label));
  const layers: LayerProbe[] = [];
  for (let layer = 0; layer < states.layers; layer++) {
    const rows = (some: readonly ProbeItem[]) => rowsOf(states, layer, some);
    const found = await probe({ train: rows(train), labels, test: rows(test), classes: classes.length });
    const correct = test.map(({ label }, i) => classes[found[i]!] === label);
    const { mean, byLanguage } = estimate(measures(test, correct), { seed, averaged: classes });
    layers.push({ layer, accuracy: { mean, byClass: byLanguage }, correct });
    await between?.();
  }
  return { classes, chance: 1 / classes.length, train: train.length, heldOut: test, layers };
}

/** Right and wrong as measures, the class in place of the language: what means are taken over. */
export function measures(items: readonly ProbeItem[], correct: readonly boolean[]): Measure[] {
  return items.map(({ id, language, cluster, label }, i) => ({
    ...{ id: `${language} ${id}`, language: label, cluster },
    value: Number(correct[i]),
  }));
}
