/**
 * Which translations an optimizer step aligns: a pure function of (seed, step), as the order of rows is.
 *
 * The sentences of a batch have distinct ids. Mixing languages would otherwise put the same English sentence into a batch
 * several times, and a translation would be pushed away from its own.
 */
import seedrandom from 'seedrandom';
import { UserError } from '../../errors.ts';
import { permutation } from '../order.ts';
import { ENGLISH } from './languages.ts';
import { named } from './problems.ts';

/** `xx_to_en`: every other language to English. `any`: every language to any other. */
export type PairMode = 'xx_to_en' | 'any';

/** A sentence in two languages. */
export interface Pair {
  /** Index into the ids. */
  index: number;
  source: string;
  target: string;
}

/** The pairs of one optimizer step. */
export interface StepPairs {
  /** 0-based epoch the step belongs to. */
  epoch: number;
  /** At least two, with distinct indices. */
  pairs: Pair[];
}

/** Says which pairs an optimizer step aligns. */
export interface PairOrder {
  /** Steps to meet every sentence in every source language once. */
  readonly stepsPerEpoch: number;
  /** Pairs of a step in an epoch. */
  readonly pairsPerEpoch: number;
  /** Pairs of alignment step `step`, 0-based over the whole run. */
  at(step: number): StepPairs;
}

/**
 * Every epoch meets each sentence once in each source language (with `any`, once as a target, too), in an order of its own.
 * A batch has `batchSize` pairs. The last of an epoch has fewer where that does not divide; a single pair, which could
 * be contrasted with nothing, goes into the batch before, so that none is left out.
 *
 * @throws UserError if a batch has fewer than two pairs, or more than there are sentences, or languages are too few
 */
export function createPairOrder(
  seed: number,
  ids: readonly string[],
  languages: readonly string[],
  batchSize: number,
  mode: PairMode,
): PairOrder {
  const n = ids.length;
  const sources = mode === 'any' ? languages : languages.filter((language) => language !== ENGLISH);
  check(n, languages, batchSize, mode);
  const total = n * sources.length;
  const starts = batchStarts(total, batchSize);
  let last: { epoch: number; order: Uint32Array; turns: Uint16Array } | undefined;
  return {
    stepsPerEpoch: starts.length,
    pairsPerEpoch: total,
    at(step) {
      const epoch = Math.floor(step / starts.length);
      if (last?.epoch !== epoch) last = { epoch, ...epochOf(`${seed}/pairs/${epoch}`) };
      const { order, turns } = last;
      const at = step - epoch * starts.length;
      const pairs: Pair[] = [];
      for (let place = starts[at]!; place < (starts[at + 1] ?? total); place++) {
        const index = order[place]!;
        // In each round a sentence is in the next language of an order of its own; its target is as far on in every round.
        const turn = index * (sources.length + 1);
        const round = Math.floor(place / n);
        const source = sources[turns[turn + round]!]!;
        const shift = turns[turn + sources.length]!;
        const other = sources[turns[turn + ((round + shift) % sources.length)]!]!;
        pairs.push({ index, source, target: mode === 'any' ? other : ENGLISH });
      }
      return { epoch, pairs };
    },
  };

  function epochOf(key: string): { order: Uint32Array; turns: Uint16Array } {
    const order = new Uint32Array(total);
    for (let round = 0; round < sources.length; round++)
      order.set(permutation(n, `${key}/${round}`), round * n);
    for (const [i, start] of starts.entries()) keepDistinct(order, start, starts[i + 1] ?? total, n);
    return { order, turns: languageTurns(n, sources.length, `${key}/languages`) };
  }
}

/** Where the batches of an epoch begin. */
function batchStarts(total: number, batchSize: number): number[] {
  const starts = Array.from({ length: Math.ceil(total / batchSize) }, (_, i) => i * batchSize);
  if (total % batchSize === 1 && starts.length > 1) starts.pop();
  return starts;
}

/**
 * Sees to it that a batch that reaches from one round over all sentences into the next has none of them twice: those that it
 * has already change places with later ones of the new round.
 */
function keepDistinct(order: Uint32Array, start: number, end: number, n: number): void {
  const border = Math.ceil(start / n) * n;
  if (border <= start || border >= end) return;
  const before = new Set(order.subarray(start, border));
  let free = end;
  for (let place = border; place < end; place++) {
    if (!before.has(order[place]!)) continue;
    while (before.has(order[free]!)) free++;
    const kept = order[place]!;
    order[place] = order[free]!;
    order[free++] = kept;
  }
}

/** For each sentence an order of the languages, and behind it how far on its target is: 1..languages-1. */
function languageTurns(n: number, languages: number, key: string): Uint16Array {
  const random = seedrandom(key);
  const below = (limit: number) => Math.floor(random.double() * limit);
  const turns = new Uint16Array(n * (languages + 1));
  for (let index = 0; index < n; index++) {
    const turn = turns.subarray(index * (languages + 1), (index + 1) * (languages + 1));
    for (let i = 0; i < languages; i++) turn[i] = i;
    for (let i = languages - 1; i > 0; i--) {
      const j = below(i + 1);
      [turn[i], turn[j]] = [turn[j]!, turn[i]!];
    }
    turn[languages] = languages > 1 ? 1 + below(languages - 1) : 0;
  }
  return turns;
}

function check(n: number, languages: readonly string[], batchSize: number, mode: PairMode): void {
  if (languages.length < 2 || (mode === 'xx_to_en' && !languages.includes(ENGLISH))) {
    const needed = mode === 'any' ? 'two languages or more' : `${ENGLISH} and another language`;
    throw new UserError(`pairs of translations need ${needed}, found ${named(languages) || 'none'}`);
  }
  if (batchSize < 2)
    throw new UserError(
      `a batch of ${batchSize} pairs has nothing to contrast a translation with; it needs two or more`,
    );
  if (batchSize > n) {
    throw new UserError(`a batch of ${batchSize} pairs needs as many different sentences; there are ${n}`);
  }
}
