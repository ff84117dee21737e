/** What training did to a model's geometry: two models' probes of the same questions. */
import { UserError } from '../../errors.ts';
import { compareProbes, type ProbeDifference, type TriedProbes } from './compare-probes.ts';
import {
  GEOMETRY_KINDS,
  type Geometry,
  type GeometryFigures,
  type GeometryKind,
  type GeometryProbe,
  type GeometrySet,
} from './schema.ts';

/** Two models' probes for one label. */
export interface GeometryDifference {
  kind: GeometryKind;
  task: string;
  label: GeometryProbe['label'];
  language: string | null;
  chance: number;
  layers: ProbeDifference[];
}

/** What has to be the same for two geometries to be compared. */
export interface Comparable extends Pick<Geometry, 'layers' | 'position' | 'seed'> {
  sets: Readonly<Partial<Record<GeometryKind, Pick<GeometrySet, 'task' | 'items'>>>>;
}

/**
 * Probe accuracy of `b` less that of `a`, for every label and layer: what alignment removes is below 0 where `a` is the
 * unaligned model and `b` the aligned one.
 *
 * @throws UserError as `requireComparable`, or where probes were split otherwise
 */
export function compareGeometry(
  a: GeometryFigures,
  b: GeometryFigures,
  { seed }: { seed: number },
): GeometryDifference[] {
  requireComparable(a, b);
  return GEOMETRY_KINDS.flatMap((kind) => {
    const [inA, inB] = [a.sets[kind], b.sets[kind]];
    if (inA === undefined || inB === undefined) return [];
    return inA.probes.flatMap((probe) => {
      const { label, language, chance } = probe;
      const other = inB.probes.find((one) => one.label === label && one.language === language);
      if (other === undefined) return [];
      const layers = compareProbes(probesFrom(inA, probe), probesFrom(inB, other), { seed });
      return [{ kind, task: inA.task, label, language, chance, layers }];
    });
  });
}

/** @throws UserError with all that differs of layers, position, seed and the questions of the kinds that both have */
export function requireComparable(a: Comparable, b: Comparable): void {
  const differences: string[] = [];
  const compare = (what: string, x: string | number, y: string | number) => {
    if (x !== y) differences.push(`${what} ${x} and ${y}`);
  };
  compare('layers', a.layers, b.layers);
  compare('position', a.position, b.position);
  compare('seed', a.seed, b.seed);
  let shared = 0;
  for (const kind of GEOMETRY_KINDS) {
    const [inA, inB] = [a.sets[kind], b.sets[kind]];
    if (inA === undefined || inB === undefined) continue;
    shared++;
    compare(`${kind} task`, inA.task, inB.task);
    const keys = ({ items }: typeof inA) => items.map(({ language, id }) => `${language} ${id}`);
    const known = new Set(keys(inB));
    const both = keys(inA).filter((key) => known.has(key)).length;
    if (both < inA.items.length || both < inB.items.length)
      differences.push(
        `${kind} questions ${inA.items.length} and ${inB.items.length}, of which both have ${both}`,
      );
  }
  if (shared === 0) differences.push('no kind of questions in common');
  if (differences.length > 0)
    throw new UserError(`only geometries of the same questions can be compared: ${differences.join('; ')}`);
}

function probesFrom(
  set: GeometrySet,
  { label, classes, train, held_out, layers }: GeometryProbe,
): TriedProbes {
  return {
    ...{ classes, train },
    heldOut: held_out.map((at) => {
      const { id, language, cluster, region } = set.items[at]!;
      return { id, language, cluster, label: label === 'language' ? language : region! };
    }),
    layers: layers.map(({ layer, correct }) => ({
      layer,
      correct: [...correct].map((digit) => digit === '1'),
    })),
  };
}
