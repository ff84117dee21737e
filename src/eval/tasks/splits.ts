/** Dev1, Dev2 and Test of the paper's Table 2: what vectors are made of, what a layer is chosen on, what is reported. */
import { shuffled } from '../../data/order.ts';
import type { Item } from '../item.ts';

/** How items fall into parts. */
export interface SplitOptions {
  seed: number;
  /**
   * `question`: a question is in one part, with all its variants and languages. `item`: as the paper does, each item by itself,
   * so that variants of a question of Dev1 are reported on.
   */
  by?: 'question' | 'item';
  /** Items of a language in Dev1 and in Dev2. By question a part ends with the last whole question that it needs. */
  dev1?: number;
  dev2?: number;
}

/** The parts, each in the items' order. */
export interface EvalSplit {
  dev1: Item[];
  dev2: Item[];
  test: Item[];
  /** Questions that have items in more than one part. */
  leaking: number;
  notes: string[];
}

const PARTS = ['dev1', 'dev2', 'test'] as const;
type Part = (typeof PARTS)[number];

/** Of a set too small for the sizes of the paper, a quarter goes into each development part. */
const LARGEST_SHARE = 1 / 4;

/** Splits the items of all languages together. The same seed and items give the same parts. */
export function splitItems(items: readonly Item[], options: SplitOptions): EvalSplit {
  const { seed, by = 'question', dev1 = 100, dev2 = 100 } = options;
  const byLanguage = new Map<string, Item[]>();
  for (const item of items) pushTo(byLanguage, item.language, item);
  const notes: string[] = [];
  const room = new Map<string, Record<Part, number>>();
  const few = new Map<number, string[]>();
  for (const [language, { length }] of byLanguage) {
    const most = Math.floor(length * LARGEST_SHARE);
    if (most < Math.max(dev1, dev2)) pushTo(few, length, language);
    room.set(language, {
      dev1: Math.min(dev1, most),
      dev2: Math.min(dev2, most),
      test: Number.POSITIVE_INFINITY,
    });
  }
  for (const [length, languages] of few) {
    const have = languages.length === 1 ? `has ${length} items` : `have ${length} items each`;
    const most = Math.floor(length * LARGEST_SHARE);
    notes.push(`${languages.join(', ')} ${have}: no more than ${most} of them are in each of Dev1 and Dev2`);
  }
  const partOf = by === 'item' ? eachItem(items, room, seed) : wholeQuestions(items, room, seed);
  const split: EvalSplit = { dev1: [], dev2: [], test: [], leaking: 0, notes };
  const partsOfCluster = new Map<string, Set<Part>>();
  for (const item of items) {
    const part = partOf(item);
    split[part].push(item);
    if (!partsOfCluster.has(item.cluster)) partsOfCluster.set(item.cluster, new Set());
    partsOfCluster.get(item.cluster)!.add(part);
  }
  split.leaking = [...partsOfCluster.values()].filter((parts) => parts.size > 1).length;
  for (const part of PARTS) {
    const questions = new Set(split[part].map(({ cluster }) => cluster)).size;
    notes.push(`${part}: ${split[part].length} items of ${questions} questions`);
  }
  notes.push(
    `split by ${by}: ${split.leaking} of ${partsOfCluster.size} questions are in more than one part${split.leaking > 0 ? ', so that what is reported leaks into development' : ''}`,
  );
  return split;
}

type Room = ReadonlyMap<string, Record<Part, number>>;

function eachItem(items: readonly Item[], room: Room, seed: number): (item: Item) => Part {
  const parts = new Map<Item, Part>();
  // By id, not by language: languages that have the same questions have them in the same parts, as vectors compare them.
  const byId = new Map<string, Item[]>();
  for (const item of items) pushTo(byId, item.id, item);
  for (const id of shuffled([...byId.keys()], `${seed}/split/item`)) {
    for (const item of byId.get(id)!) {
      const left = room.get(item.language)!;
      const part = PARTS.find((name) => left[name] > 0)!;
      left[part]--;
      parts.set(item, part);
    }
  }
  return (item) => parts.get(item)!;
}

function wholeQuestions(items: readonly Item[], room: Room, seed: number): (item: Item) => Part {
  const clusters = new Map<string, Item[]>();
  for (const item of items) pushTo(clusters, item.cluster, item);
  const parts = new Map<string, Part>();
  for (const cluster of shuffled([...clusters.keys()], `${seed}/split/question`)) {
    const members = clusters.get(cluster)!;
    // Into the first part that still lacks items in one of its languages.
    const part = PARTS.find((name) => members.some(({ language }) => room.get(language)![name] > 0))!;
    for (const { language } of members) room.get(language)![part]--;
    parts.set(cluster, part);
  }
  return ({ cluster }) => parts.get(cluster)!;
}

function pushTo<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
