/** Values of items summed by cluster and language: all that means and their errors need, and small. */

/** A number measured on one item. */
export interface Measure {
  /** Unique within a language. */
  id: string;
  language: string;
  /** What is drawn together: a question with its variants and languages. */
  cluster: string;
  value: number;
}

/** Sums over the items of a cluster in a language. C clusters, L languages. */
export interface ClusterSums {
  /** Sorted. */
  languages: readonly string[];
  clusters: number;
  /** Sums of values, [C, L] in rows. */
  sums: Float64Array;
  /** Numbers of items, [C, L] in rows; 0 where a cluster is not in a language. */
  counts: Float64Array;
}

/** The same to the last bit whatever the order of the measures: sums are taken, and clusters numbered, in sorted order. */
export function clusterSums(measures: readonly Measure[]): ClusterSums {
  const languages = [...new Set(measures.map(({ language }) => language))].sort(compare);
  const columns = new Map(languages.map((language, column) => [language, column]));
  const clusters = new Set(measures.map(({ cluster }) => cluster)).size;
  const sums = new Float64Array(clusters * languages.length);
  const counts = new Float64Array(clusters * languages.length);
  let row = -1;
  let last: string | undefined;
  for (const { cluster, language, value } of inOrder(measures)) {
    if (cluster !== last) row++;
    last = cluster;
    const at = row * languages.length + columns.get(language)!;
    sums[at]! += value;
    counts[at]! += 1;
  }
  return { languages, clusters, sums, counts };
}

/** By cluster, language and id: so that sums do not depend on the order in which items were scored. */
export function inOrder(measures: readonly Measure[]): Measure[] {
  return [...measures].sort(
    (a, b) => compare(a.cluster, b.cluster) || compare(a.language, b.language) || compare(a.id, b.id),
  );
}

/** Sums of all clusters, by language. */
export function totals({ languages, sums, counts }: ClusterSums): { sums: number[]; counts: number[] } {
  const all = { sums: languages.map(() => 0), counts: languages.map(() => 0) };
  for (let at = 0; at < sums.length; at++) {
    all.sums[at % languages.length]! += sums[at]!;
    all.counts[at % languages.length]! += counts[at]!;
  }
  return all;
}

/** By code units: the order of a locale differs between machines. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
