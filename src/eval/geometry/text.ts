/** Geometries as tables. */
import { average } from '../statistics.ts';
import type { ClosenessFigures } from './closeness.ts';
import type { GeometryDifference } from './compare.ts';
import {
  GEOMETRY_KINDS,
  type Geometry,
  type GeometryKind,
  type GeometryProbe,
  type GeometrySet,
} from './schema.ts';

/** A table of each kind of questions: a line a layer, figures as means over the languages but English. */
export function formatGeometry(geometry: Geometry): string {
  return GEOMETRY_KINDS.flatMap((kind) => {
    const set = geometry.sets[kind];
    return set === undefined ? [] : [formatSet(kind, set, geometry)];
  }).join('\n\n');
}

function formatSet(kind: GeometryKind, set: GeometrySet, { layers, position }: Geometry): string {
  const counts = new Map<string, number>();
  for (const { language } of set.items) counts.set(language, (counts.get(language) ?? 0) + 1);
  const columns: Column[] = [
    ...closenessColumns(set),
    ...set.probes.map((probe): Column => {
      const where = probe.language === null ? '' : ` (${probe.language})`;
      return [`${probe.label}${where}`, (layer) => percent(probe.layers[layer]!.accuracy.mean)];
    }),
  ];
  const rows = Array.from({ length: layers }, (_, layer) => [
    String(layer),
    ...columns.map(([, value]) => value(layer)),
  ]);
  return [
    `${kind}: ${set.task}, ${READ[position]}, ${[...counts].map(([language, n]) => `${language} ${n}`).join('  ')}`,
    ...table([['layer', ...columns.map(([head]) => head)], ...rows]),
    `means over ${set.closeness.map(({ language }) => language).join(', ')} against en; std: vectors standardised`,
    ...set.probes.map(formatChance),
  ].join('\n');
}

const READ = {
  last: 'last token of the prompt',
  mean: 'mean over tokens',
  weighted: 'mean over tokens by place',
} as const;

/** A head, and its value for a layer. */
type Column = readonly [head: string, value: (layer: number) => string];

function closenessColumns({ panels, closeness }: GeometrySet): Column[] {
  const mean = (of: (layer: GeometrySet['closeness'][number]['layers'][number]) => number | null) => {
    return (layer: number): string => {
      const values = closeness.flatMap(({ layers }) => of(layers[layer]!) ?? []);
      return values.length === 0 ? '-' : average(values).toFixed(3);
    };
  };
  const both = (head: string, of: (figures: ClosenessFigures) => number | null): Column[] => [
    [head, mean(({ raw }) => of(raw))],
    ['std', mean(({ standardized }) => standardized && of(standardized))],
  ];
  return [
    [
      'PC1+2',
      (layer) => percent(panels[layer]!.explained_variance[0] + panels[layer]!.explained_variance[1]),
    ],
    ...both('cosine', ({ cosine }) => cosine),
    ...both('gap', ({ cosine_gap }) => cosine_gap),
    ...both('retrieval', ({ retrieval_xx_en, retrieval_en_xx }) => (retrieval_xx_en + retrieval_en_xx) / 2),
    ...both('MEXA', ({ mexa }) => mexa),
    ...both('CKA', ({ cka }) => cka),
    ['ANC', mean(({ anc }) => anc)],
  ];
}

function formatChance({ label, language, classes, chance, train, held_out, layers }: GeometryProbe): string {
  const where = language === null ? '' : ` of questions in ${language}`;
  // Of all layers, as the one that comes out best was not chosen beforehand.
  const reach = layers.flatMap(({ accuracy: { mean, ci95 } }) =>
    ci95 ? [mean - ci95[0], ci95[1] - mean] : [],
  );
  // Resamples of what is all right are all right: that says nothing of other questions.
  const interval =
    Math.max(0, ...reach) > 0
      ? `; 95 % intervals reach ${percent(Math.max(...reach))} to a side at most`
      : '';
  return `${label}${where}, by a linear probe: ${classes.length} classes, chance ${percent(chance)}; trained on ${train} prompts, tried on ${held_out.length} of other questions${interval}`;
}

/** What can be read off one model and not off another, a line a layer. */
export function formatDifference(
  differences: readonly GeometryDifference[],
  { a, b }: { a: string; b: string },
): string {
  return differences
    .map(({ kind, task, label, language, chance, layers }) => {
      const where = language === null ? '' : ` of questions in ${language}`;
      return [
        `${kind}: ${task}, ${label}${where} told by a linear probe (chance ${percent(chance)}); a: ${a}, b: ${b}`,
        ...table([
          ['layer', 'a', 'b', 'b - a', '95 %'],
          ...layers.map(({ layer, mean }) => [
            String(layer),
            percent(mean.a),
            percent(mean.b),
            signed(mean.delta),
            mean.ci95 ? `${signed(mean.ci95[0])} to ${signed(mean.ci95[1])}` : '-',
          ]),
        ]),
      ].join('\n');
    })
    .join('\n\n');
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column]!)).join('  '));
}

/** In percent, one decimal: `12.5`. */
function percent(value: number): string {
  return (100 * value).toFixed(1);
}

function signed(value: number): string {
  const text = percent(value);
  return value > 0 && !/^0\.0$/.test(text) ? `+${text}` : text.replace(/^-0\.0$/, '0.0');
}
