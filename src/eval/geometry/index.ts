/**
 * What a model's hidden states look like over its blocks: where languages lie (panels), how near translations are, what can be
 * read off with a linear probe. What belongs here: reading hidden states of questions at every block, and figures of them, as
 * plain objects. Figures of two matrices are in `../alignment/`, steering vectors and their angles in `src/steering/`, drawing
 * elsewhere.
 */

export { type Closeness, type ClosenessFigures, closeness } from './closeness.ts';
export { type CollectOptions, hiddenStatesOf, type Reading, readingsOf } from './collect.ts';
export { compareProbes, type ProbeDifference } from './compare-probes.ts';
export { type Panel, panel } from './panel.ts';
export { type ProbeData, probe } from './probe.ts';
export { type LayerProbe, type ProbeItem, type ProbeOptions, type Probes, probesOf } from './probes.ts';
export { HELD_OUT, heldOut, type Labelled } from './split.ts';
export {
  type HiddenStates,
  type LanguageStates,
  READ_POSITIONS,
  type ReadPosition,
  sharedIds,
  statesAt,
} from './states.ts';
