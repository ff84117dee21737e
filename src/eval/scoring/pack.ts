/**
 * Packs items for one pass, each token that several sequences begin with once: what all items of the pack share (solved
 * examples), then each item's prompt, then its options.
 *
 * Shape letters: T tokens of the pack, R rows whose hidden state is asked about.
 */
import { commonPrefix, type Piece, packTree, type TreeBatch } from '../../data/index.ts';
import type { PreparedItem, Sequence } from './prepare.ts';

/** A pack, and where in it the answers are. */
export interface Pack extends TreeBatch {
  /** Of each item in order, of each of its sequences in order: indices into T that predict the scored tokens, and these. */
  scored: { rows: number[]; labels: number[] }[][];
  /** 1 from the last token of an item's prompt on: where steering applies. */
  fromPromptEnd_T: Uint8Array;
}

/**
 * Groups of items of at most `budget` tokens each (a single item may pass it), in their order, one language each.
 *
 * @param copies of what steering changes of each item, which count as tokens, too
 */
export function* packGroups(
  items: readonly PreparedItem[],
  budget: number,
  copies = 0,
): Generator<PreparedItem[]> {
  let group: PreparedItem[] = [];
  let tokens = 0;
  for (const item of items) {
    const own = itemTokens(item) + copies * changedTokens(item);
    const shared = group.length === 0 ? 0 : commonPrefix([prefixOf(group[0]!), prefixOf(item)]);
    const isOther = group.length > 0 && group[0]!.item.language !== item.item.language;
    if (group.length > 0 && (isOther || tokens + own - shared > budget)) {
      yield group;
      [group, tokens] = [[], 0];
    }
    tokens += group.length === 0 ? own : own - shared;
    group.push(item);
  }
  if (group.length > 0) yield group;
}

/** Packs a group. `of` chooses the sequences of an item, its options by default. */
export function packItems(
  group: readonly PreparedItem[],
  of: (item: PreparedItem) => readonly Sequence[] = ({ sequences }) => sequences,
): Pack {
  const pieces: Piece[] = [];
  const all = group.map(of);
  // At least a token of each item, and of each option, is its own.
  const common =
    group.length < 2
      ? 0
      : Math.max(0, commonPrefix(all.map((own) => own[0]!.ids.subarray(0, sharedOf(own) - 1))));
  const root = common > 0 ? pieces.push({ ids: all[0]![0]!.ids.subarray(0, common) }) - 1 : undefined;
  const places: { piece: number; from: number }[][][] = [];
  for (const own of all) {
    const shared = sharedOf(own);
    const first = own[0]!.ids;
    const prompt = pieces.push({ ids: first.subarray(common, shared), parent: root }) - 1;
    const before = root === undefined ? [] : [{ piece: root, from: 0 }];
    places.push(
      own.map(({ ids }) => {
        const path = [...before, { piece: prompt, from: common }];
        if (ids.length === shared) return path;
        return [
          ...path,
          { piece: pieces.push({ ids: ids.subarray(shared), parent: prompt }) - 1, from: shared },
        ];
      }),
    );
  }
  const batch = packTree(pieces);
  const at = (path: { piece: number; from: number }[], index: number): number => {
    const { piece, from } = path.findLast((place) => place.from <= index)!;
    return batch.starts[piece]! + index - from;
  };
  const fromPromptEnd_T = new Uint8Array(batch.numTokens);
  const scored = all.map((own, i) =>
    own.map(({ ids, first }, s) => {
      const path = places[i]![s]!;
      for (let index = Math.max(0, first - 1); index < ids.length; index++)
        fromPromptEnd_T[at(path, index)] = 1;
      // Of a prompt alone its last token is asked.
      if (first === ids.length) return { rows: [at(path, first - 1)], labels: [] };
      const targets = Array.from({ length: ids.length - first }, (_, k) => first + k);
      return {
        rows: targets.map((index) => at(path, index - 1)),
        labels: targets.map((index) => ids[index]!),
      };
    }),
  );
  return { ...batch, scored, fromPromptEnd_T };
}

/** Tokens that an item's sequences begin with alike; each has one more, unless it is the only one. */
function sharedOf(own: readonly Sequence[]): number {
  if (own.length === 1) return own[0]!.ids.length;
  const most = Math.min(...own.map(({ ids }) => ids.length - 1));
  return Math.min(most, commonPrefix(own.map(({ ids }) => ids)));
}

function prefixOf({ sequences }: PreparedItem): Int32Array {
  return sequences[0]!.ids.subarray(0, sharedOf(sequences) - 1);
}

/** Tokens of an item from the end of its prompt on, but for the last of each option: what steering changes and scores need. */
export function changedTokens({ sequences }: PreparedItem): number {
  const shared = sharedOf(sequences);
  const begin = Math.max(0, Math.min(...sequences.map(({ first }) => first)) - 1);
  return sequences.reduce(
    (sum, { ids }) => sum + Math.max(0, ids.length - shared - 1),
    Math.max(1, shared - begin),
  );
}

/** Tokens of an item, what its options share once. */
export function itemTokens({ sequences }: PreparedItem): number {
  const shared = sharedOf(sequences);
  return sequences.reduce((sum, { ids }) => sum + ids.length - shared, shared);
}
