/**
 * The order in which rows are trained on: a pure function of (seed, epoch, step).
 *
 * Nothing is drawn from a generator that runs along with training, so there is no state to save, and a resumed run
 * starts at any step without replaying the ones before.
 */
import seedrandom from 'seedrandom';

/** The rows of one optimizer step. */
export interface StepRows {
  /** 0-based epoch the step belongs to. */
  epoch: number;
  /** Indices into the data set, `batchSize` of them; fewer in the last step of an epoch if it does not divide. */
  rows: Uint32Array;
}

/** Says which rows an optimizer step trains on. */
export interface Order {
  /** Steps to pass over every row once; the last partial batch counts, so that no row is left out. */
  readonly stepsPerEpoch: number;
  /** Rows of optimizer step `step` (0-based, over the whole run). */
  at(step: number): StepRows;
}

/**
 * Every epoch passes over all rows once in an order of its own. `stream` names what is being ordered, so that
 * two data sets of one run are not shuffled alike.
 */
export function createOrder(seed: number, numRows: number, batchSize: number, stream = 'train'): Order {
  const stepsPerEpoch = Math.ceil(numRows / batchSize);
  let last: { epoch: number; order: Uint32Array } | undefined;
  return {
    stepsPerEpoch,
    at(step) {
      const epoch = Math.floor(step / stepsPerEpoch);
      if (last?.epoch !== epoch) last = { epoch, order: permutation(numRows, `${seed}/${stream}/${epoch}`) };
      const start = (step - epoch * stepsPerEpoch) * batchSize;
      return { epoch, rows: last.order.slice(start, start + batchSize) };
    },
  };
}

/** 0..n-1 in an order that depends on `key` alone (Fisher-Yates over seedrandom's ARC4). */
export function permutation(n: number, key: string): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, index) => index);
  const random = seedrandom(key);
  for (let i = n - 1; i > 0; i--) {
    // double() has 52 random bits: no bias that a row count could show.
    const j = Math.floor(random.double() * (i + 1));
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** The items in an order that depends on `key` alone. */
export function shuffled<T>(items: readonly T[], key: string): T[] {
  return Array.from(permutation(items.length, key), (index) => items[index]!);
}
