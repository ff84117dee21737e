/**
 * What a model's hidden states look like over its blocks: where languages lie (panels), how near translations are, what can be
 * read off with a linear probe. What belongs here: reading hidden states of questions at every block, and figures of them, as
 * plain objects. Figures of two matrices are in `../alignment/`, steering vectors and their angles in `src/steering/`, drawing
 * elsewhere.
 */

export { type Closeness, type ClosenessFigures, closeness } from './closeness.ts';
export { type CollectOptions, hiddenStatesOf, type Reading, readingsOf } from './collect.ts';
export { type Comparable, compareGeometry, type GeometryDifference, requireComparable } from './compare.ts';
export { compareProbes, type ProbeDifference, type TriedProbes } from './compare-probes.ts';
export { readGeometry, writeGeometry } from './file.ts';
export {
  type GeometryInput,
  type GeometryOptions,
  type GeometryProgress,
  geometryOf,
  POINTS,
  regionOf,
} from './geometry.ts';
export {
  defaultGeometryOut,
  type GeometryRequest,
  type MeasureOptions,
  measureGeometry,
  someOf,
} from './measure.ts';
export { type Panel, panel } from './panel.ts';
export { type CurveRow, curveRows, type PanelPoint, panelPoints } from './points.ts';
export { type ProbeData, probe } from './probe.ts';
export { type LayerProbe, type ProbeItem, type ProbeOptions, type Probes, probesOf } from './probes.ts';
export {
  GEOMETRY_FILE,
  GEOMETRY_KINDS,
  type Geometry,
  type GeometryFigures,
  type GeometryItem,
  type GeometryKind,
  type GeometryPanel,
  type GeometryProbe,
  type GeometrySet,
} from './schema.ts';
export { HELD_OUT, heldOut, type Labelled } from './split.ts';
export {
  type HiddenStates,
  type LanguageStates,
  READ_POSITIONS,
  type ReadPosition,
  rowsOf,
  sharedIds,
  statesAt,
} from './states.ts';
export { type SteeredPanel, type SteeredPoint, steeredPanel } from './steered.ts';
export { formatDifference, formatGeometry } from './text.ts';
