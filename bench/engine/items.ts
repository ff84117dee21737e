/** What bench/engine measures: each item's request, unit and aims. */
import type { Request } from './request.ts';

/** Rows of the vocabulary of Gemma 3. */
const VOCABULARY = 262_144;
const ROWS = 1024;

export type PeerKind = 'eager' | 'tfjs-node' | 'wasm';

/** One measurement; it becomes a rate, so that a larger ratio is better. */
export interface Item {
  name: string;
  unit: string;
  request: Request;
  /** From seconds of a request to `unit`. */
  rate(seconds: number, request: Request): number;
  /** What the ratio to a peer should be. */
  aims: { [K in PeerKind]?: string };
  /** A smaller request for a peer that could not hold this one, or why it has none. */
  instead: { [K in PeerKind]?: Request | string };
}

const perSecond = (amount: number) => (seconds: number) => amount / seconds;

export function items(): Item[] {
  return [
    // first, so that the memory it adds is not hidden in memory that an earlier item left cached
    {
      name: `linear + cross-entropy, ${ROWS} rows, V = ${VOCABULARY}`,
      unit: 'rows/s',
      request: { item: 'cross_entropy', rows: ROWS, vocabulary: VOCABULARY },
      rate: (seconds, request) => (request.item === 'cross_entropy' ? request.rows / seconds : Number.NaN),
      aims: { eager: '>= 1.3' },
      instead: {
        // all logits, five times over: 1.3 GB
        'tfjs-node': { item: 'cross_entropy', rows: 256, vocabulary: VOCABULARY },
        wasm: 'table, gradient and logits do not fit into its memory',
      },
    },
    ...[256, 512, 1024, 2048].map((size) => ({
      name: `matmul ${size}`,
      unit: 'GFLOP/s',
      request: { item: 'matmul' as const, size },
      rate: perSecond((2 * size ** 3) / 1e9),
      aims: {},
      instead: {},
    })),
    ...[512, 2048].map((tokens) => ({
      name: `270M block, forward + backward, ${tokens} tokens`,
      unit: 'tokens/s',
      request: { item: 'block' as const, tokens },
      rate: perSecond(tokens),
      aims: { eager: '>= 1.5', 'tfjs-node': '>= 2' },
      instead: tokens > 512 ? { wasm: 'minutes a pass' } : {},
    })),
    {
      name: 'AdamW step on 40M parameters',
      unit: 'M/s',
      request: { item: 'adamw', size: 40_000_000 },
      rate: perSecond(40),
      aims: {},
      instead: {},
    },
    {
      name: '10,000 small additions',
      unit: 'M/s',
      request: { item: 'small_ops', count: 10_000 },
      rate: perSecond(0.01),
      aims: { eager: '>= 0.5' },
      instead: {},
    },
  ];
}

/** The items whose names contain every word; all without words. */
export function selected(words: readonly string[]): Item[] {
  return items().filter((item) => words.every((word) => item.name.includes(word)));
}
